"""Several cities, one Kafka, one province: the same rows as in the cities, whoever is killed, stopped or added."""

import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from kafka.admin import KafkaAdminClient

sys.path.insert(0, str(Path(__file__).parent))
from given_relay import messages, relaying, wait_until_sent  # isort: skip
from given_cities import amend, copy, eventually, lives_of, load, province, show_and_send, work  # isort: skip

from adapters import kafka as topics
from adapters.kafka import EVENTS, RULES
from adapters.log_archive import export_log, import_log
from adapters.postgres import open_connection
from adapters.rollup_cities import RollupRefused, read_cities
from projections import rollup_places, rollup_status

WUQING, LIAOCHENG, JIAMUSI = "120114", "371500", "230800"


@pytest.fixture
def one_city(postgres_url, template_database, kafka, tmp_path):
    with province(postgres_url, template_database, kafka, tmp_path, [WUQING]) as found:
        yield found


@pytest.fixture
def three_cities(postgres_url, template_database, kafka, tmp_path):
    with province(postgres_url, template_database, kafka, tmp_path, [WUQING, LIAOCHENG, JIAMUSI]) as found:
        yield found


def owners(found):
    return found.query(
        "SELECT member FROM rollup_partition WHERE right(topic, 16) = 'parcel.events.v1' AND expires_at > now()"
    )


def of(process):
    """The name under which a member's process owns partitions ends so."""
    return f"/{process.pid}"


def test_three_members_are_killed_stopped_and_added_and_the_rows_are_those_of_the_cities(three_cities):
    lives = {code: lives_of(code, 18) for code in three_cities.cities}
    with ExitStack() as stack:
        for city in three_cities.cities.values():
            load(city, [])
            stack.enter_context(relaying(city))
            wait_until_sent(city)

        def post(first, last):
            for code, city in three_cities.cities.items():
                load(city, lives[code][first:last])

        def owned_by_all_but(*processes):
            names = [row[0] for row in owners(three_cities)]
            return len(names) == 9 and not any(name.endswith(of(one)) for one in processes for name in names)

        first, second = (stack.enter_context(three_cities.member()) for _ in range(2))
        post(0, 4)
        eventually(lambda: {name for (name,) in owners(three_cities)} and len(owners(three_cities)) == 9, 30)
        third = stack.enter_context(three_cities.member())
        post(4, 8)
        first.kill()
        post(8, 10)
        taken_over = eventually(lambda: owned_by_all_but(first), 15)
        second.send_signal(signal.SIGSTOP)
        post(10, 14)
        stopped = eventually(lambda: owned_by_all_but(first, second), 15)
        assert max(taken_over, stopped) < 20
        fourth = stack.enter_context(three_cities.member())
        second.send_signal(signal.SIGCONT)
        post(14, 18)
        for city in three_cities.cities.values():
            wait_until_sent_events(city)
            work(city)
        eventually(lambda: three_cities.events() == positions(three_cities), 30)
        eventually(lambda: {name.split("/")[-1] for (name,) in owners(three_cities)} >= {str(fourth.pid)}, 30)
        eventually(three_cities.shows_its_cities, 15)
        assert third.poll() is fourth.poll() is second.poll() is None
    assert len(three_cities.query("SELECT FROM read_parcel")) == 54
    assert not three_cities.parked()


def wait_until_sent_events(city):
    with psycopg.connect(city.database_url, autocommit=True) as connection:
        eventually(
            lambda: connection.execute(
                "SELECT h.position = r.position FROM log_head h, relay_position r WHERE feed = 'events'"
            ).fetchone()[0],
            30,
        )


def positions(found):
    total = 0
    for city in found.cities.values():
        with psycopg.connect(city.database_url) as connection:
            total += connection.execute("SELECT position FROM log_head").fetchone()[0]
    return total


def test_a_member_killed_at_any_border_leaves_each_event_with_one_effect(one_city):
    show_and_send(one_city.cities[WUQING], lives_of(WUQING, 6))
    for point in ("rollup.written", "rollup.committed"):
        with one_city.member("--until-idle", failpoints=f"{point}=exit") as process:
            assert process.wait(60) == -signal.SIGKILL
    assert one_city.follow()
    assert one_city.shows_its_cities()
    sent = {one.key.decode(): one.partition for one in messages(one_city.cities[WUQING], EVENTS)}
    kept = one_city.query("SELECT parcel_id, partition FROM rollup_stream WHERE strpos(parcel_id, ':') = 0")
    assert dict(kept) == sent, "whoever owns a partition sweeps its parcels"


def test_a_member_stopped_in_the_middle_of_a_batch_holds_nobody_up_and_writes_nothing_when_it_wakes(one_city):
    show_and_send(one_city.cities[WUQING], lives_of(WUQING, 6))
    with one_city.member(failpoints="rollup.written=sleep:2") as process:
        eventually(lambda: in_a_batch(one_city), 30)
        process.send_signal(signal.SIGSTOP)
        assert one_city.follow()
        assert one_city.shows_its_cities()
        process.send_signal(signal.SIGCONT)
        eventually(lambda: any(name.endswith(of(process)) for (name,) in owners(one_city)), 30)
        assert one_city.shows_its_cities()
        assert one_city.events() == positions(one_city)


def in_a_batch(found):
    with psycopg.connect(found.settings.database_url, autocommit=True) as connection:
        return connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'landcycle-rollup'"
            " AND state = 'idle in transaction' AND now() - state_change > interval '0.3 s'"
        ).fetchone()[0]


def test_an_older_generation_takes_nothing_back_and_an_older_epoch_writes_nothing(one_city):
    show_and_send(one_city.cities[WUQING], lives_of(WUQING, 1))
    assert one_city.follow()
    key = (WUQING, one_city.cities[WUQING].kafka_topic_prefix + EVENTS, 0)
    with (
        open_connection(one_city.settings.database_url, "first") as one,
        open_connection(one_city.settings.database_url, "second") as two,
    ):
        older, newer = rollup_places.take(one, key, 101), rollup_places.take(two, key, 102)
        assert rollup_places.take(one, key, 101) is None
        with pytest.raises(rollup_places.OwnershipLost), one.transaction():
            rollup_places.hold(one, older, 1)
        with two.transaction():
            assert rollup_places.hold(two, newer, 1) > 1, "the day does not go back"


def test_a_gap_or_an_altered_event_stops_its_parcel_visibly_until_the_true_one_comes(one_city):
    city = one_city.cities[WUQING]
    lives = lives_of(WUQING, 6)
    show_and_send(city, lives)
    gap, altered, garbage = [life.parcel_id for life in lives if len(life.lines) > 3][:3]

    def change(message):
        version = message.header("ce_sequence")
        if message.key.decode() == gap and version == "2":
            return []
        if message.key.decode() == altered and version == "3":
            return [message.value.replace(b'"occurred_on":"20', b'"occurred_on":"19')]
        if message.key.decode() == garbage and version == "1":
            return [message.value, b"{"]
        return [message.value]

    one_city.name_cities({WUQING: f"copy.{city.kafka_topic_prefix}"})
    copy(city, f"copy.{city.kafka_topic_prefix}", change)
    assert not one_city.follow()
    assert one_city.parked() == sorted([(gap, "GAP", 3), (altered, "ALTERED", 3), (garbage, "UNREADABLE", 0)])
    shown = dict(one_city.query("SELECT parcel_id, compliance FROM read_parcel"))
    assert len(shown) == 6 and [name for name, one in sorted(shown.items()) if one == "UNKNOWN"] == sorted(
        [gap, altered, garbage]
    )
    assert not one_city.query("SELECT FROM read_exit WHERE parcel_id = ANY(%s)", [gap, altered])
    with open_connection(one_city.settings.database_url, "test") as connection:
        state = rollup_status.status(one_city.settings, connection, read_cities(one_city.file))
    assert len(state["parked"]) == 3 and state["cities"][0]["missing"] > 2
    copy(city, f"copy.{city.kafka_topic_prefix}", names=[EVENTS])
    assert not one_city.follow()
    assert one_city.parked() == [(garbage, "UNREADABLE", 0)], "nobody can say what it was"
    with one_city.member("--until-idle", "--accept", WUQING) as process:
        assert process.wait(60) == 3, "read again, it is still there"
    shown = dict(one_city.query("SELECT parcel_id, compliance FROM read_parcel"))
    assert [name for name, one in shown.items() if one == "UNKNOWN"] == [garbage]


def test_a_city_whose_rules_have_a_gap_stands_still_and_the_others_go_on(three_cities):
    for code, city in three_cities.cities.items():
        show_and_send(city, lives_of(code, 2))
    city = three_cities.cities[WUQING]
    prefix = f"copy.{city.kafka_topic_prefix}"
    amend(city, "exit.fp.failures", 3, of=WUQING)
    show_and_send(city)
    three_cities.name_cities({WUQING: prefix})
    copy(city, prefix, lambda one: [] if one.key == b"jurisdiction:120114/1" else [one.value])
    assert not three_cities.follow()
    assert three_cities.parked() == [("jurisdiction:120114", "GAP", 2)]
    assert {row[0][:2] for row in three_cities.query("SELECT jurisdiction FROM read_parcel")} == {"37", "23"}
    copy(city, prefix, lambda one: [one.value] if one.key == b"jurisdiction:120114/1" else [], [RULES])
    assert three_cities.follow()
    assert three_cities.shows_its_cities()


def test_rules_that_change_later_reach_every_row_of_their_city(three_cities):
    for code, city in three_cities.cities.items():
        show_and_send(city, lives_of(code, 3))
    assert three_cities.follow()
    before = three_cities.query("SELECT eligible FROM read_exit ORDER BY parcel_id")
    amend(three_cities.cities[JIAMUSI], "exit.fp.failures", 3)
    show_and_send(three_cities.cities[JIAMUSI])
    assert three_cities.follow()
    after = three_cities.query("SELECT eligible FROM read_exit ORDER BY parcel_id")
    assert "FP" in str(before) and "FP" not in str(after)
    assert three_cities.shows_its_cities()


def test_rows_of_an_earlier_definition_are_computed_anew_and_those_of_a_later_one_are_left_alone(one_city):
    show_and_send(one_city.cities[WUQING], lives_of(WUQING, 4))
    assert one_city.follow()
    one_city.change("UPDATE generation_a.read_parcel SET item = '{}'")
    one_city.change("UPDATE read_generation SET definition = 0 WHERE shelf = 'a'")
    assert one_city.follow()
    assert one_city.shows_its_cities()
    one_city.change("UPDATE read_generation SET definition = 99 WHERE shelf = 'a'")
    one_city.change("UPDATE rollup_stream SET due = true")
    with pytest.raises(RollupRefused, match="RELEASE_TOO_OLD"):
        one_city.follow()
    with pytest.raises(RollupRefused, match="NOT_A_PROVINCE"):
        one_city.follow(one_city.cities[WUQING])


def test_another_topic_or_another_number_of_partitions_is_refused_until_it_is_accepted(one_city):
    city = one_city.cities[WUQING]
    show_and_send(city, lives_of(WUQING, 4))
    assert one_city.follow()
    admin = KafkaAdminClient(bootstrap_servers=city.kafka_bootstrap_servers)
    admin.create_partitions({city.kafka_topic_prefix + EVENTS: 5})
    with pytest.raises(RollupRefused, match=r"3个分区，现为5个分区.*TOPIC_CHANGED"):
        one_city.follow()
    admin.delete_topics([city.kafka_topic_prefix + EVENTS])
    eventually(lambda: city.kafka_topic_prefix + EVENTS not in admin.list_topics(), 10)
    with pytest.raises(RollupRefused, match="TOPIC_MISSING"):
        one_city.follow()
    topics.prepare_topics(city)
    admin.close()
    with pytest.raises(RollupRefused, match="主题编号.*TOPIC_CHANGED"):
        one_city.follow()
    load(city, lives_of(WUQING, 6))
    show_and_send(city)
    with one_city.member("--until-idle", "--accept", WUQING) as process:
        assert process.wait(60) == 0
    assert one_city.shows_its_cities()


def test_a_city_starts_from_its_export_where_kafka_no_longer_has_everything(one_city, tmp_path):
    city, lives = one_city.cities[WUQING], lives_of(WUQING, 8)
    show_and_send(city, lives[:6])
    with open_connection(city.database_url, "test") as connection, (tmp_path / "city.ndjson").open("w") as out:
        export_log(connection, out)
    forget(city)
    show_and_send(city, lives)
    assert not one_city.follow(), "the beginning is gone"
    one_city.exports[WUQING] = "city.ndjson"
    one_city.name_cities()
    assert one_city.follow()
    assert one_city.shows_its_cities()
    assert one_city.events() == positions(one_city)


def forget(city):
    """The broker deletes what a city sent."""
    admin = KafkaAdminClient(bootstrap_servers=city.kafka_bootstrap_servers)
    sent = messages(city, EVENTS)
    from kafka import TopicPartition

    ends = {TopicPartition(one.topic, one.partition): one.offset + 1 for one in sent}
    admin.delete_records(ends)
    admin.close()


def test_a_city_restored_from_a_backup_takes_its_lost_events_back_from_the_province(one_city, postgres_url, tmp_path):
    city, lives = one_city.cities[WUQING], lives_of(WUQING, 6)
    show_and_send(city, lives[:3])
    with open_connection(city.database_url, "test") as connection, (tmp_path / "backup.ndjson").open("w") as out:
        export_log(connection, out)
    show_and_send(city, lives[3:5])
    assert one_city.follow()
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        name = city.database_url.rpartition("/")[2]
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE migrated")
    with psycopg.connect(city.database_url) as connection:
        import_log(connection, tmp_path / "backup.ndjson")
    show_and_send(city, lives[4:])
    assert one_city.follow()
    assert one_city.shows_its_cities()
    assert {row[0] for row in one_city.query("SELECT parcel_id FROM rollup_event WHERE lost_in = 2")} >= {
        lives[3].parcel_id
    }
