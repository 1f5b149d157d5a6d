"""A proof verified without Landcycle: `http://127.0.0.1:8000 PARCEL KEY`, or saved: `proof.json head.json keys.json`."""

import base64
import hashlib
import json
import struct
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(leaf: bytes, index: int, size: int, path: list) -> str | None:  # RFC 9162, 2.1.3.2
    last = size - 1
    for sibling in map(bytes.fromhex, path):
        if index % 2 or index == last:
            leaf = sha(b"\x01", sibling, leaf)
            while not index % 2 and index:
                index, last = index // 2, last // 2
        else:
            leaf = sha(b"\x01", leaf, sibling)
        index, last = index // 2, last // 2
    return leaf.hex() if last == 0 else None


def main(one: str, two: str, three: str) -> None:
    def get(name: str) -> dict:  # a saved answer, or one of the API
        call = Request(one + name, headers={"Authorization": f"Bearer {three}"}) if one.startswith("http") else None
        with urlopen(call) if call else Path(name).open("rb") as answer:
            return json.load(answer)

    head, keys = get("/v1/log/head" if "://" in one else two), get("/v1/log/keys" if "://" in one else three)
    proof = get(f"/v1/parcels/{quote(two)}/proof?tree_size={head['tree_size']}" if "://" in one else one)
    public = {key["key_id"]: base64.b64decode(key["public_key"]) for key in keys["keys"]}[head["key_id"]]
    text = "landcycle-head-v1\n{tree_size}\n{root}\n{issued_at}\n".format(**head).encode()
    Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(head["signature"]), text)
    assert (proof["tree_size"], proof["root"]) == (head["tree_size"], head["root"]), "the proof is of another head"
    asked, chain = two if "://" in one else proof["parcel_id"], bytes(32)
    for version, event in enumerate(proof["events"], 1):
        record, chain = json.loads(event["record"]), sha(b"\x02", chain, event["record"].encode())
        assert chain.hex() == event["chain_hash"], f"version {version}: the record is not what was hashed"
        assert (record["parcel_id"], record["version"]) == (asked, version), f"not version {version} of {asked}"
        since = datetime.fromisoformat(event["recorded_at"]) - datetime.fromtimestamp(0, UTC)
        leaf = sha(b"\x00", chain, struct.pack(">QQ", event["position"], since // timedelta(microseconds=1)))
        if event["path"] is not None:
            found = root_of(leaf, event["leaf_index"], proof["tree_size"], event["path"])
            assert found == head["root"], f"version {version}: not in the log of this head"
        print(version, event["recorded_at"], "after the head" if event["path"] is None else "proved")


if __name__ == "__main__":
    main(*sys.argv[1:])
