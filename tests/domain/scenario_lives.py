"""The scenario files as recorded events, for tests of the law without a server."""

import sys
import uuid
from pathlib import Path

from domain.answers import breach_item, status_answer
from domain.event import Event, day_number
from domain.events import RANK
from domain.facts import fold
from domain.policy import RuleBook
from domain.supervision import assess_on, breaches_for_life, evaluate

FOLDER = Path(__file__).parents[1] / "scenarios"
FILES = sorted(FOLDER.glob("*.yaml"))
sys.path.insert(0, str(FOLDER))
import run_scenarios as runner  # noqa: E402

BOOK = RuleBook.shipped()
NAMESPACE = uuid.UUID(int=7)


class Played:
    """A scenario as a growing list of events; rows are asked as the runner asks a server."""

    def __init__(self, path):
        self.scenario = runner.load(path)
        self.parcel = self.scenario["parcel_id"]
        self.events = []
        self.known_after = {}
        self.breach_ids = {}
        self.signed = False

    def fill(self, value):
        if isinstance(value, dict):
            return {key: self.fill(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.fill(one) for one in value]
        if isinstance(value, str) and value.startswith(("@event:", "@id:")):
            return str(uuid.uuid5(NAMESPACE, value))
        if isinstance(value, str) and value.startswith("@breach:"):
            return self.breach_ids.get(value.removeprefix("@breach:"), value)
        return value

    def event(self, entry):
        self.signed |= entry["type"] == "contract.signed"
        number = len(self.events) + 1
        name = f"@event:{entry['ref']}" if "ref" in entry else f"{self.parcel}/{number}"
        return Event(
            str(uuid.uuid5(NAMESPACE, name)),
            self.parcel,
            number,
            number,
            entry["type"],
            1,
            day_number(entry["occurred_on"]),
            number * 1000,
            self.scenario["jurisdiction"],
            entry["by"],
            entry["on_behalf_of"],
            self.scenario["contract_no"] if self.signed else None,
            entry["document"],
            None,
            self.fill(entry["data"]),
        )

    def assessment(self, as_of, known_at=None):
        facts = fold(self.events, RANK, known_at)
        return evaluate(facts, day_number(as_of), BOOK.rules(self.scenario["jurisdiction"]), BOOK.calendar()), facts

    def status(self, as_of, known_at=None):
        found, facts = self.assessment(as_of, known_at)
        answer = status_answer(found, facts, known_at=known_at or 0, as_of=day_number(as_of), alert_ids={})
        self.breach_ids |= {one["kind"]: one["breach_id"] for one in answer["breaches"]}
        return answer

    def rows(self):
        """(name, differences) of every step, two-time query, replayed step and the closing look."""
        for step in self.scenario["steps"]:
            for entry in step["events"]:
                self.events.append(self.event(entry))
            yield self._row(f"row {step['row']}", step["expect"], self.status(step["as_of"]))
            self.known_after[step["row"]] = len(self.events) * 1000
        for query in self.scenario["two_time_queries"]:
            known = self.known_after[query["known_after_row"]] if query.get("known_after_row") is not None else None
            yield self._row(
                f"as of {query['as_of']} known {known}", query["expect"], self.status(query["as_of"], known)
            )
        for step in self.scenario["steps"]:
            status = self.status(step["as_of"], self.known_after[step["row"]])
            yield self._row(f"replayed row {step['row']}", step["expect"], status)

    @staticmethod
    def _row(name, expect, status):
        row = runner.Row(name)
        runner.compare(expect, status, row)
        return name, row.differences

    def breaches(self):
        """Every breach ever, as `GET …/breaches` lists them at the end."""
        rules = BOOK.rules(self.scenario["jurisdiction"])

        def assess(facts, as_of):
            return assess_on(facts, as_of, rules, BOOK.calendar())

        today = day_number(self.scenario["today"])
        return [breach_item(one, str(rules.id)) for one in breaches_for_life(fold(self.events, RANK), today, assess)]
