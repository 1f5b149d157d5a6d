"""What arrived: every message of a topic against what the database holds; every read model against a replay."""

import json
from uuid import NAMESPACE_URL, UUID, uuid5

from kafka import KafkaConsumer, TopicPartition


def messages(city, topic):
    """Every message of a topic, each partition in its order, up to its end."""
    consumer = KafkaConsumer(
        bootstrap_servers=city.settings.kafka_bootstrap_servers, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        found = []
        while any(consumer.position(one) < ends[one] for one in partitions):
            for batch in consumer.poll(1000).values():
                found += batch
        return found
    finally:
        consumer.close()


def _headers(message):
    return {name: value.decode() for name, value in message.headers}


def once_and_in_order(arrived, stored):
    """(findings, duplicates). `stored`: (parcel, sequence) → ce_id. A consumer that drops what is not above the last
    sequence of its parcel must see every sequence from 1 on, without a gap; what is sent again has the same id and value.
    """
    found, last, seen, duplicates = [], {}, {}, 0
    for message in arrived:
        headers = _headers(message)
        parcel_id, sequence = message.key.decode(), int(headers["ce_sequence"])
        place, told = (parcel_id, sequence), (headers["ce_id"], message.value)
        if seen.setdefault(place, told) != told:
            found.append(f"{place} was sent with two ids or values")
        if sequence <= last.get(parcel_id, 0):
            duplicates += 1
            continue
        if sequence != last.get(parcel_id, 0) + 1:
            found.append(f"{parcel_id}: sequence {sequence} follows {last.get(parcel_id, 0)}")
        last[parcel_id] = sequence
    found += [f"{place} never arrived" for place in stored.keys() - seen.keys()]
    found += [f"{place} arrived and is not stored" for place in seen.keys() - stored.keys()]
    found += [f"{place} has another id" for place in seen.keys() & stored.keys() if seen[place][0] != stored[place]]
    return found, duplicates


def check_kafka(city, connection):
    """(findings, figures) of alerts, events and statuses."""
    alerts = connection.execute("SELECT parcel_id, sequence, alert_id::text FROM alert_log").fetchall()
    events = connection.execute(
        "SELECT parcel_id, version, event_id::text FROM event_log WHERE strpos(parcel_id, ':') = 0"
    )
    stored = {
        "parcel.alerts.v1": {(row[0], row[1]): str(uuid5(UUID(row[2]), str(row[1]))) for row in alerts},
        "parcel.events.v1": {(row[0], row[1]): row[2] for row in events.fetchall()},
    }
    found, figures = [], {}
    for topic, wanted in stored.items():
        arrived = messages(city, topic)
        problems, duplicates = once_and_in_order(arrived, wanted)
        found += [f"{topic}: {one}" for one in problems]
        figures[topic] = {"stored": len(wanted), "messages": len(arrived), "duplicates": duplicates}
    arrived = messages(city, "parcel.status.v1")
    latest = {message.key.decode(): message for message in arrived}
    statuses = connection.execute("SELECT parcel_id, revision, answer FROM status_feed").fetchall()
    found += [f"parcel.status.v1: {one}" for one in _statuses(latest, statuses)]
    figures["parcel.status.v1"] = {"stored": len(statuses), "messages": len(arrived), "duplicates": 0}
    return found, figures


def _statuses(latest, stored):
    """The last message of every parcel says its latest revision."""
    for parcel_id, revision, answer in stored:
        message = latest.get(parcel_id)
        if message is None:
            yield f"{parcel_id} never arrived"
            continue
        headers = _headers(message)
        if int(headers["ce_sequence"]) != revision or headers["ce_id"] != str(
            uuid5(uuid5(NAMESPACE_URL, parcel_id), str(revision))
        ):
            yield f"{parcel_id}: the last message is revision {headers['ce_sequence']}, stored is {revision}"
        elif json.loads(message.value or "null") != json.loads(answer):
            yield f"{parcel_id}: the last message says something else than revision {revision}"


def check_alert_log(connection):
    """Findings: sequences per parcel and positions without gaps; every alert stands as its last change left it."""
    found = []
    (gaps,) = connection.execute(
        "SELECT count(*) FROM (SELECT parcel_id FROM alert_log GROUP BY parcel_id"
        " HAVING count(*) <> max(sequence) OR min(sequence) <> 1) g"
    ).fetchone()
    (count, last, head) = connection.execute(
        "SELECT count(*), coalesce(max(position), 0), (SELECT position FROM alert_head) FROM alert_log"
    ).fetchone()
    (stale,) = connection.execute(
        "SELECT count(*) FROM alert a WHERE a.item <> (SELECT l.item FROM alert_log l WHERE l.alert_id = a.alert_id"
        " ORDER BY l.position DESC LIMIT 1)"
    ).fetchone()
    if gaps or count != last or last != head:
        found.append(f"alert log: {gaps} parcels with gaps, {count} changes up to position {last}, head {head}")
    if stale:
        found.append(f"alert log: {stale} alerts stand otherwise than their last change")
    return found
