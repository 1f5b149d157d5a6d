"""Brokers of a test's own: three of one cluster that can be killed one by one; one that asks for TLS and a password."""

import base64
import os
import signal
import socket
import subprocess
import time
import uuid
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from adapters import embedded_kafka, kafka

_NODE = """\
process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={directory}/logs
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
offsets.topic.num.partitions=1
"""
_THREE = """\
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2500
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1000
"""


def free_ports(count):
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class Node:
    """One broker and controller in a directory."""

    def __init__(self, directory, properties, *, number=1, port=0):
        self.directory, self.number, self.port = directory, number, port
        directory.mkdir(parents=True)
        self.properties = directory / "server.properties"
        self.properties.write_text(properties)
        self.classpath = os.pathsep.join(map(str, embedded_kafka.jars()))
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def format(self, cluster, *more):
        command = embedded_kafka._java(
            self.classpath, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", self.properties, *more
        )
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def start(self):
        with (self.directory / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                embedded_kafka._java(self.classpath, "kafka.Kafka", self.properties), stdout=log, stderr=log
            )

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()


def _cluster_id():
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def _formatted(nodes, *more):
    cluster = _cluster_id()
    for one in [node.format(cluster, *more) for node in nodes]:
        _, told = one.communicate(timeout=60)
        assert one.returncode == 0, told.decode()


def wait_for_brokers(count, addresses, seconds=60, **client):
    end = time.monotonic() + seconds
    while not all(map(kafka.listens, addresses)):  # kafka-python leaves its sockets open where it cannot begin
        assert time.monotonic() < end, "the brokers did not start"
        time.sleep(0.1)
    client["bootstrap_servers"] = addresses
    while True:
        try:
            admin = kafka.opened(KafkaAdminClient, bootstrap_timeout_ms=2000, **client)
            try:
                if len(admin.describe_cluster()["brokers"]) >= count:
                    return
            finally:
                admin.close()
        except KafkaError:
            pass
        assert time.monotonic() < end, "the brokers did not start"
        time.sleep(0.1)


@contextmanager
def three_brokers(directory):
    """Three nodes of one cluster: replication 3, at least 2 in sync."""
    ports, controllers = free_ports(3), free_ports(3)
    voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in enumerate(controllers, 1))
    nodes = []
    for number, (port, controller) in enumerate(zip(ports, controllers, strict=True), 1):
        home = directory / f"node{number}"
        text = _NODE.format(
            number=number,
            voters=voters,
            listeners=f"PLAINTEXT://127.0.0.1:{port}",
            controller=controller,
            directory=home,
        )
        nodes.append(Node(home, text + _THREE, number=number, port=port))
    _formatted(nodes)
    try:
        for node in nodes:
            node.start()
        wait_for_brokers(3, [node.address for node in nodes])
        yield nodes
    finally:
        for node in nodes:
            node.kill()


# --- TLS and a password -----------------------------------------------------------------------------------------

USER, PASSWORD = "landcycle", "geheim-1"
_SECURED = """\
offsets.topic.replication.factor=1
inter.broker.listener.name=SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  username="broker" password="b" user_broker="b" user_{user}="{password}";
"""


@contextmanager
def secured_broker(directory):
    """A broker that speaks SASL_SSL alone; gives (address, file of the certificate authority)."""
    directory.mkdir(parents=True, exist_ok=True)
    ca, keystore = _certificates(directory)
    port, controller = free_ports(2)
    text = _NODE.format(
        number=1,
        voters=f"1@127.0.0.1:{controller}",
        listeners=f"SASL_SSL://127.0.0.1:{port}",
        controller=controller,
        directory=directory / "node",
    )
    node = Node(
        directory / "node", text + _SECURED.format(keystore=keystore, ca=ca, user=USER, password=PASSWORD), port=port
    )
    _formatted([node], "--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]")
    try:
        node.start()
        wait_for_brokers(
            1, [node.address], security_protocol="SASL_SSL", ssl_cafile=str(ca),
            sasl_mechanism="SCRAM-SHA-512", sasl_plain_username=USER, sasl_plain_password=PASSWORD,
        )  # fmt: skip
        yield node.address, ca
    finally:
        node.kill()


def _certificates(directory):
    """A certificate authority of our own, and the broker's key with its chain as one PEM file."""
    now = datetime.now(UTC)

    def certificate(name, key, issuer, signer, *, authority):
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    root, broker = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = certificate("landcycle test", root, "landcycle test", root, authority=True)
    chain = certificate("127.0.0.1", broker, "landcycle test", root, authority=False)
    key = broker.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    ca, keystore = directory / "ca.pem", directory / "broker.pem"
    ca.write_bytes(authority)
    keystore.write_bytes(key + chain + authority)
    return ca, keystore
