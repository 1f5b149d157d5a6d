"""Clients that post lives over HTTP, singly and in batches, and repeat every post until it is answered."""

import json
import random
import threading
import time
from collections import Counter

import httpx
from history import answer_of

_AGAIN = {429, 500, 502, 503, 504}


class Department:
    """Shared by all clients: what was posted, what was answered, and when each API last took a post."""

    def __init__(self, city, pace):
        self.city, self.pace = city, pace
        self.answers, self.posted, self.refused = [], set(), []
        self.counts = Counter()
        self.taken_at = dict.fromkeys(city.ports, 0.0)
        """API → when the latest post that it answered was sent."""
        self.stopping = threading.Event()

    def answered(self, api, sent_at, receipts):
        self.answers += map(answer_of, receipts)
        self.taken_at[api] = max(self.taken_at[api], sent_at)


class Client(threading.Thread):
    """One client with lives of its own. `batch`: how many lives go on side by side in one batch (1: single posts)."""

    def __init__(self, department, lives, seed, batch):
        super().__init__(name=f"client-{seed}", daemon=True)
        self._shared, self._lives, self._batch = department, iter(lives), batch
        self._chance = random.Random(seed)
        self._http = httpx.Client(timeout=12)
        self._versions = {}

    def run(self):
        while not self._shared.stopping.is_set():
            open_lives = {
                one.parcel_id: list(one.lines) for one, _ in zip(self._lives, range(self._batch), strict=False)
            }
            if not open_lives:
                break
            try:
                while open_lives := {name: lines for name, lines in open_lives.items() if lines}:
                    self._advance(open_lives)
                    time.sleep(self._chance.uniform(0, 2 * self._shared.pace))
            except Exception as error:  # a fault of a client is a finding, not a silent end
                self._shared.refused.append(f"{self.name}: {error!r}")
                raise
        self._http.close()

    def _advance(self, lives):
        """The next lines of these lives, by department; every one is in the log when it returns."""
        due = {}
        for parcel_id, lines in lives.items():
            department = lines[0][0]
            group = due.setdefault(department, [])
            group.append((parcel_id, lines.pop(0)[1]))
            while self._batch > 1 and lines and lines[0][0] == department and not _names_a_version(lines[0][1]):
                group.append((parcel_id, lines.pop(0)[1]))
        for department, wanted in due.items():
            self._shared.posted.update(body["event_id"] for _, body in wanted)
            self._until_answered(department, wanted)
            if self._chance.random() < 0.05:  # a sender that was not sure
                self._until_answered(department, wanted)

    def _until_answered(self, department, wanted):
        turns = 0
        while wanted:
            api = self._chance.choice(list(self._shared.city.ports))
            sent_at = time.monotonic()
            key = self._shared.city.keys[department]
            post = self._post_one if self._batch == 1 else self._post_batch
            try:
                receipts = post(api, {"Authorization": f"Bearer {key}"}, wanted)
            except httpx.HTTPError:
                receipts = []
            self._shared.counts["posts"] += 1
            self._shared.counts["retries"] += turns > 0
            if receipts:
                self._shared.answered(api, sent_at, receipts)
                for one in receipts:
                    known = self._versions.get(one["parcel_id"], 0)
                    self._versions[one["parcel_id"]] = max(known, one["version"])
            done = {one["event_id"] for one in receipts}
            wanted = [one for one in wanted if one[1]["event_id"] not in done]
            turns += 1
            if wanted:
                time.sleep(min(0.1 * turns, 1.0))

    def _post_one(self, api, headers, wanted):
        ((parcel_id, body),) = wanted
        if _names_a_version(body):
            headers = headers | {"If-Match": f'"{self._versions[parcel_id]}"'}
        address = f"http://127.0.0.1:{self._shared.city.ports[api]}"
        response = self._http.post(f"{address}/v1/parcels/{parcel_id}/events", json=body, headers=headers)
        if response.status_code in (200, 201):
            self._shared.counts["repeated"] += response.status_code == 200
            return [response.json()]
        if response.status_code not in _AGAIN:
            raise AssertionError(f"{response.status_code} {response.text}")
        return []

    def _post_batch(self, api, headers, wanted):
        lines = [
            body | {"parcel_id": name} | ({"expected_version": self._versions[name]} if _names_a_version(body) else {})
            for name, body in wanted
        ]
        text = "".join(json.dumps(one) + "\n" for one in lines)
        address = f"http://127.0.0.1:{self._shared.city.ports[api]}/v1/events:batch"
        receipts = []
        try:
            with self._http.stream(
                "POST", address, content=text, headers=headers | {"Content-Type": "application/x-ndjson"}
            ) as answer:
                if answer.status_code not in {200, *_AGAIN}:
                    raise AssertionError(f"{answer.status_code} {answer.read()}")
                for line in answer.iter_lines():
                    one = json.loads(line)
                    if "receipt" in one:
                        self._shared.counts["repeated"] += one["status"] == 200
                        receipts.append(one["receipt"])
                    elif one.get("status") not in {*_AGAIN, 424}:
                        raise AssertionError(line)
        except (httpx.HTTPError, json.JSONDecodeError):
            pass  # what was answered before the connection was cut counts; the rest is posted again
        return receipts


def _names_a_version(body):
    """A correction rests on the version before it: its sender has to know that first."""
    return body["type"] == "report.corrected"
