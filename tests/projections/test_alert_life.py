"""An alert's life: what ended it and why, one id per episode, and no gap when people act while the worker works."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from given_parcels import TODAY, load, pool_of, settings_for, work

from adapters import alert_log
from adapters.alert_changes import Raised
from adapters.postgres import open_connection
from api import sample
from domain.assessment import Alert
from projections import breach_alerts, rebuild


@pytest.fixture
def settings(database_url, tmp_path):
    return settings_for(database_url, tmp_path)


@pytest.fixture
def connection(settings):
    with open_connection(settings.database_url, "test") as connection:
        yield connection


def raising(parcel_id, *alerts, causes=(), ended=lambda _: alert_log.Ending(None)):
    return Raised(parcel_id, "120114", "120114/1", alerts, causes, ended)


def alert(code="A-START-30", subject="O-START", level="YELLOW", breach_level=None, events=()):
    return Alert(
        code, subject, level, TODAY.toordinal(), ("NRP",), "临近开工期限", "规范4.2", None, breach_level, events
    )


def judge(connection, *found):
    with connection.transaction():
        return alert_log.append_differences(connection, found)


def changes(connection):
    return [(one.change["type"], one.item["sequence"]) for one in alert_log.read_after(connection, 0, 1000)]


def only(connection):
    (identity,) = connection.execute(
        "SELECT alert_id::text FROM alert ORDER BY raised_position DESC LIMIT 1"
    ).fetchone()
    return identity


def test_one_id_per_episode_and_a_sequence_without_gaps(connection):
    for level in ("YELLOW", "YELLOW", "RED", "RED", "YELLOW"):
        judge(connection, raising("p", alert(level=level)))
    judge(connection, raising("p"))
    judge(connection, raising("p", alert()))
    life = ["alert.raised", "alert.escalated", "alert.cleared", "alert.raised"]
    assert changes(connection) == [(kind, number) for number, kind in enumerate(life, 1)]
    ids = [one.item["alert_id"] for one in alert_log.read_after(connection, 0, 10)]
    assert ids[0] == ids[1] == ids[2] != ids[3]


def test_a_rise_of_the_breach_level_escalates_at_the_same_colour(connection):
    judge(connection, raising("p", alert("A-BREACH-FAR", "b", "RED", 2)))
    judge(connection, raising("p", alert("A-BREACH-FAR", "b", "RED", 3)))
    assert [kind for kind, _ in changes(connection)] == ["alert.raised", "alert.escalated"]


def test_the_cause_is_the_event_that_the_alert_rests_on_else_the_last(connection):
    judge(connection, raising("p", alert(events=("old", "cause")), causes=["cause", "another"]))
    judge(connection, raising("q", alert(), causes=["one", "two"]), raising("r", alert()))
    causes = [one.item["caused_by"] for one in alert_log.read_after(connection, 0, 10)]
    assert causes == ["cause", "two", None]


# What people do


def test_what_a_coordinator_closed_stays_closed_while_its_condition_lasts(connection):
    judge(connection, raising("p", alert()))
    with connection.transaction():
        closed = alert_log.act(connection, only(connection), "close", department=None, note="已与企业约定")
    assert closed["state"] == "CLEARED"
    assert judge(connection, raising("p", alert())) == 0, "the condition lasts: nobody is told again"
    assert alert_log.ids_of(connection, ["p"]) == {"p": {("A-START-30", "O-START"): closed["alert_id"]}}
    assert judge(connection, raising("p")) == 0 and not alert_log.ids_of(connection, ["p"])
    assert judge(connection, raising("p", alert())) == 1, "it came back: another episode"
    assert only(connection) != closed["alert_id"]


def test_what_a_coordinator_closed_is_raised_anew_when_it_rises(connection):
    judge(connection, raising("p", alert()))
    with connection.transaction():
        alert_log.act(connection, only(connection), "close", department=None, note="已与企业约定")
    assert judge(connection, raising("p", alert(level="RED"))) == 1
    assert [kind for kind, _ in changes(connection)] == ["alert.raised", "alert.cleared", "alert.raised"]


def test_a_department_closes_once_the_condition_has_ended(connection):
    judge(connection, raising("p", alert()))
    identity = only(connection)
    with pytest.raises(alert_log.AlertState, match="尚未消除"):
        alert_log.act(connection, identity, "close", department="NRP", note="已开工")
    connection.rollback()
    ending = alert_log.Ending("the start")
    closed = alert_log.act(connection, identity, "close", department="NRP", note="已开工", ending=ending)
    assert (closed["state"], closed["ended_by"], closed["sequence"]) == ("CLEARED", "the start", 2)
    assert judge(connection, raising("p")) == 0, "the worker finds it closed"
    again = alert_log.act(connection, identity, "close", department="NRP", note="", ending=ending)
    assert again == closed, "closing twice changes nothing"
    noted = alert_log.act(connection, identity, "close", department="NRP", note="补充说明", ending=ending)
    assert (noted["state"], changes(connection)[-1]) == ("CLEARED", ("alert.feedback", 3)), "no note is lost"
    with pytest.raises(alert_log.AlertState, match="已结束"):
        alert_log.act(connection, identity, "acknowledge", department="NRP", note="")


# What ended it, when several events of a parcel are in one batch


def corrected():
    (life,) = (life for life in sample.sample(TODAY.toordinal()) if life.kind == "corrected")
    return life


def begun(settings, lines):
    life = corrected()
    load(settings, [sample.Life(life.parcel_id, life.jurisdiction, life.kind, lines)])


def ended(settings):
    with pool_of(settings) as pool, pool.connection() as connection:
        (item,) = breach_alerts.find(connection, jurisdictions=[""], state="closed")
        last = [one for one in alert_log.read_after(connection, 0, 100) if one.item["alert_id"] == item["alert_id"]][-1]
        return item, last.change


def inspected(life):
    """An event of no consequence, later in the log than the correction."""
    department, body = life.lines[-1]
    return department, {
        **body, "event_id": "018f0000-0000-7000-8000-00000000abcd", "type": "site.inspected",
        "data": {"kind": "PATROL", "findings": []},
    }  # fmt: skip


def test_a_withdrawal_names_its_correction_though_other_events_of_the_batch_came_later(settings):
    life = corrected()
    begun(settings, life.lines[:-1])
    work(settings)
    begun(settings, [*life.lines, inspected(life)])
    work(settings)
    item, change = ended(settings)
    correction = life.lines[-1][1]
    assert (item["state"], item["ended_by"]) == ("WITHDRAWN", correction["event_id"])
    assert correction["data"]["reason"] in change["reason"]
    assert rebuild.run(settings, verify=True).different == 0


def test_an_alert_that_time_ended_names_no_event(connection):
    judge(connection, raising("p", alert()))
    judge(connection, raising("p"))
    (item,) = breach_alerts.find(connection, jurisdictions=[""], state="closed")
    assert (item["state"], item["ended_by"]) == ("CLEARED", None)


# People and worker at once

PARCELS = [f"p{number:02}" for number in range(24)]


def person(settings, seed, stop, done):
    """Acts on whatever stands, again and again."""
    with open_connection(settings.database_url, "person") as connection:
        turn = seed
        while not stop.is_set():
            rows = connection.execute(
                "SELECT alert_id::text FROM alert ORDER BY raised_position DESC LIMIT 40"
            ).fetchall()
            connection.commit()
            for (identity,) in rows[turn % 5 :: 5]:
                turn += 1
                what = ("acknowledge", "feedback", "acknowledge", "close")[turn % 4]
                try:
                    with connection.transaction():
                        alert_log.act(connection, identity, what, department=None, note=f"{seed}/{turn}")
                    done[what] = done.get(what, 0) + 1
                except alert_log.AlertState:
                    continue


def worker_turns(settings, turns):
    """Batches of several slices in one transaction, as the worker writes them."""
    with open_connection(settings.database_url, "worker") as connection:
        for turn in range(turns):
            with connection.transaction():
                for at in range(0, len(PARCELS), 6):
                    found = []
                    for number, parcel in enumerate(PARCELS[at : at + 6], at):
                        raised = [alert(level=("YELLOW", "RED")[turn // 2 % 2])] if (turn + number) % 3 else []
                        found.append(raising(parcel, *raised))
                    alert_log.append_differences(connection, found)
                    time.sleep(0.002)


def test_people_act_while_the_worker_works_without_deadlock_gap_or_lost_change(settings):
    stop, done = threading.Event(), {}
    with ThreadPoolExecutor(6) as threads, ExitStack() as stack:
        stack.callback(stop.set)
        worker = threads.submit(worker_turns, settings, 60)
        people = [threads.submit(person, settings, seed, stop, done) for seed in range(4)]
        worker.result(60)
        stop.set()
        for one in people:
            one.result(20)
    assert all(done.get(what, 0) > 10 for what in ("acknowledge", "feedback", "close")), done
    with open_connection(settings.database_url, "test") as connection:
        log = alert_log.read_after(connection, 0, 100_000)
        assert [one.position for one in log] == list(range(1, alert_log.last_position(connection) + 1))
        for parcel in PARCELS:
            of_parcel = [one.item for one in log if one.item["parcel_id"] == parcel]
            assert [item["sequence"] for item in of_parcel] == list(range(1, len(of_parcel) + 1))
        last = {one.item["alert_id"]: one.item for one in log}
        stands = dict(connection.execute("SELECT alert_id::text, item FROM alert").fetchall())
        assert last == stands, "each alert stands as its last change says"
        for state in ("open", "closed", "all"):
            of_all, of_nrp, of_hrs = (
                breach_alerts.find(connection, jurisdictions=["120114"], state=state, department=one, limit=10_000)
                for one in (None, "NRP", "HRS")
            )
            assert (of_nrp, of_hrs) == (of_all, []) and of_all, "and is on the list of its department in that state"
    follows(log)


ALLOWED = {
    None: {"alert.raised"},
    "OPEN": {"alert.escalated", "alert.acknowledged", "alert.feedback", "alert.cleared", "alert.withdrawn"},
    "ACKNOWLEDGED": {"alert.escalated", "alert.feedback", "alert.cleared", "alert.withdrawn"},
    "CLEARED": {"alert.feedback"},
    "WITHDRAWN": {"alert.feedback"},
}


def follows(log):
    """Every change is one that the state before it allows."""
    state = {}
    for one in log:
        identity = one.item["alert_id"]
        assert one.change["type"] in ALLOWED[state.get(identity)], (state.get(identity), one.change)
        state[identity] = one.item["state"]
