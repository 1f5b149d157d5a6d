"""What a data directory is given at its first start, and that a kill amid it leaves nothing for ever half done."""

import json
import stat
from datetime import timedelta

import psycopg
import pytest

from adapters.api_keys import list_keys
from api import first_start, sample, welcome
from given_api import TODAY, settings_for


@pytest.fixture
def settings(database_url, tmp_path):
    return settings_for(database_url, tmp_path)


def events(settings):
    with psycopg.connect(settings.database_url) as connection:
        return connection.execute("SELECT count(*) FROM event_log WHERE parcel_id NOT LIKE '%:%'").fetchone()[0]


def test_a_first_start_makes_keys_and_the_sample_once(settings):
    """Given an empty directory, then five keys are written down for the owner alone; a second start adds nothing."""
    parcels, loaded = first_start.complete(settings, with_sample=True)
    assert (parcels, loaded) == (8, events(settings))
    keys = first_start.keys_of(settings.data_dir)
    assert keys.keys() >= {"regulator", "120114/NRP"}
    assert stat.S_IMODE((settings.data_dir / "keys.json").stat().st_mode) == 0o600

    assert first_start.complete(settings, with_sample=True) is None
    assert (first_start.keys_of(settings.data_dir), events(settings)) == (keys, loaded)
    with psycopg.connect(settings.database_url) as connection:
        assert len(list_keys(connection)) == len(keys)


class Killed(BaseException):
    """In the place of a SIGKILL."""


def test_a_start_killed_while_the_sample_loads_is_completed_by_the_next_one(settings, monkeypatch):
    """Given a start that ended after three of eight parcels, when the next one comes a day later, then all eight stand."""
    three = sample.sample(TODAY.toordinal())[:3]

    def killed_after_three(settings, lives):
        load(settings, three)
        raise Killed

    load = sample.load
    with monkeypatch.context() as killed, pytest.raises(Killed):
        killed.setattr(sample, "load", killed_after_three)
        first_start.complete(settings, with_sample=True)
    assert not first_start.keys_of(settings.data_dir)

    tomorrow = settings.model_copy(update={"today": TODAY + timedelta(days=1)})
    assert first_start.complete(tomorrow, with_sample=True) == (8, events(settings))
    with psycopg.connect(settings.database_url) as connection:
        stand = {row[0] for row in connection.execute("SELECT parcel_id FROM event_log")}
    assert stand >= {one.parcel_id for one in sample.sample(TODAY.toordinal())}


def test_keys_that_a_kill_left_empty_are_made_anew(settings):
    """Given a `keys.json` of no bytes, then a start makes keys that are good."""
    (settings.data_dir / "keys.json").touch()
    assert first_start.keys_of(settings.data_dir) == {}
    first_start.complete(settings, with_sample=False)
    assert json.loads((settings.data_dir / "keys.json").read_text("utf-8"))["regulator"].startswith("lc_")


def test_what_is_there_to_try_is_there(settings):
    """Without a parcel no status is offered; else that of a parcel that the log knows, the sample's before others."""
    wanted = sample.sample(TODAY.toordinal())
    assert first_start.parcel_to_try(settings) is None
    assert "/status" not in welcome.text("http://x", "", {"regulator": "lc_1"}, None)
    sample.load(settings, wanted[:1])
    assert first_start.parcel_to_try(settings) == wanted[0].parcel_id
    sample.load(settings, wanted)
    assert first_start.parcel_to_try(settings) == wanted[3].parcel_id
