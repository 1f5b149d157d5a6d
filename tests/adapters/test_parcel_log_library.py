"""Our log passes the recorder contract of the `eventsourcing` library.

Two things of that contract contradict section 4 of ours, and are bridged here, not in the product:
* its versions start at 0, ours at 1: the bridge counts one higher;
* its states are any bytes without an event id, ours are records: the bridge carries them as data of a record.
"""

import sys
from types import ModuleType
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest
from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent
from given_log import decided
from orjson import loads

from adapters.event_codec import record_text
from adapters.parcel_log import ParcelLog
from adapters.postgres import open_pool

# The library's tests import its optional cipher, which none of the recorder tests uses.
if "eventsourcing.cipher" not in sys.modules:
    sys.modules["eventsourcing.cipher"] = ModuleType("eventsourcing.cipher")
    sys.modules["eventsourcing.cipher"].AESCipher = None
from eventsourcing.tests.persistence import AggregateRecorderTestCase, ApplicationRecorderTestCase


class Bridge(ApplicationRecorder):
    """The library's opaque events inside records of ours."""

    def __init__(self, log, positions=True):
        self._log, self._positions = log, positions

    def insert_events(self, stored_events, **_):
        positions = self._log.insert_events([self._ours(one) for one in stored_events])
        return positions if self._positions else None

    def select_events(self, originator_id, *, gt=None, lte=None, desc=False, limit=None):
        above = None if gt is None else gt + 1
        up_to = None if lte is None else lte + 1
        found = self._log.select_events(originator_id, gt=above, lte=up_to, desc=desc, limit=limit)
        return [StoredEvent(**self._theirs(one)) for one in found]

    def select_notifications(self, *args, **kwargs):
        found = self._log.select_notifications(*args, **kwargs)
        return [Notification(id=one.id, **self._theirs(one)) for one in found]

    def max_notification_id(self):
        return self._log.max_notification_id()

    def subscribe(self, gt=None, topics=()):
        subscription = self._log.subscribe(gt, topics)
        subscription._recorder = self
        return subscription

    def _ours(self, one):
        stream, version = str(one.originator_id), one.originator_version + 1
        event_id = str(uuid5(NAMESPACE_URL, f"{stream}/{version}"))
        text = record_text(decided(stream, event_id, one.topic, state=one.state.hex()), version)
        return StoredEvent(stream, version, one.topic, text.encode())

    def _theirs(self, one):
        return {
            "originator_id": one.originator_id,
            "originator_version": one.originator_version - 1,
            "topic": one.topic,
            "state": bytes.fromhex(loads(one.state)["data"]["state"]),
        }


class _Parcels:
    """Stream ids are texts; versions of the library's tests start at 0."""

    INITIAL_VERSION = 0

    @pytest.fixture(autouse=True)
    def _pool(self, database_url):
        with open_pool(database_url, max_size=20) as pool:
            self.pool = pool
            yield

    def new_originator_id(self):
        return f"jg-{uuid4()}"


class TestApplicationRecorder(_Parcels, ApplicationRecorderTestCase):
    def create_recorder(self):
        return Bridge(ParcelLog(self.pool))

    def test_insert_subscribe(self):
        self.optional_test_insert_subscribe()


class TestAggregateRecorder(_Parcels, AggregateRecorderTestCase):
    def create_recorder(self):
        return Bridge(ParcelLog(self.pool), positions=False)


del ApplicationRecorderTestCase, AggregateRecorderTestCase
