"""A generation beside the one that serves: built, compared, shown, and left again, while everything goes on."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psutil
import psycopg
import pytest
from given_parcels import TODAY, alert_changes, load, pool_of, rows, settings_for, work
from typer.testing import CliRunner

from adapters import failpoints
from api import sample
from api.cli import app
from projections import catalog, comparison, compliance, due, generations, published, rebuild, rebuild_chunks, worker

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(database_url, tmp_path, monkeypatch):
    found = settings_for(database_url, tmp_path, worker_processes=2)
    for name in ("database_url", "today", "data_dir", "worker_processes"):
        monkeypatch.setenv(f"LANDCYCLE_{name.upper()}", str(getattr(found, name)))
    return found


def execute(settings, statement, *values):
    """A statement on what lists show."""
    with pool_of(settings) as pool, pool.connection() as connection:
        generations.show(connection)
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def shown(settings):
    with pool_of(settings) as pool, pool.connection() as connection:
        return generations.serving(connection)


def statuses(settings):
    return execute(settings, "SELECT parcel_id, revision, answer FROM status_feed ORDER BY 1")


def without_days(found):
    """Rows without when they were computed."""
    return {name: [[cell for cell in row if cell not in (TODAY,)] for row in some] for name, some in found.items()}


def test_a_new_generation_says_the_same_is_shown_and_publishes_nothing(settings):
    load(settings)
    work(settings)
    before = rows(settings), alert_changes(settings), statuses(settings)
    done = rebuild.run(settings)
    assert (done.parcels, done.different, done.shown) == (len(before[0]["read_parcel"]), 0, 2)
    assert shown(settings).shelf == "b"
    work(settings)
    assert (rows(settings), alert_changes(settings), statuses(settings)) == before


def test_both_generations_follow_and_the_way_back_is_one_step(settings):
    lives = sample.sample(TODAY.toordinal())
    load(settings, lives[:3])
    work(settings)
    rebuild.run(settings)
    load(settings, lives)
    work(settings)
    new = rows(settings)
    assert rebuild.back(settings) == 1 and shown(settings).shelf == "a"
    assert without_days(rows(settings)) == without_days(new), "the generation of before followed the log"
    assert rebuild.run(settings, verify=True, discard=True).different == 0
    with pytest.raises(generations.NoWayBack):
        rebuild.back(settings)


def test_only_to_compare_does_not_cost_the_way_back(settings):
    load(settings)
    work(settings)
    rebuild.run(settings)
    told = CliRunner().invoke(app, ["rebuild", "--verify"])
    assert told.exit_code == 2 and "WAY_BACK_STANDS" in told.output, told.output
    assert (rebuild.back(settings), rebuild.back(settings)) == (1, 2)
    assert CliRunner().invoke(app, ["rebuild", "--verify", "--discard-previous"]).exit_code == 0
    told = CliRunner().invoke(app, ["rebuild", "--back"])
    assert told.exit_code == 2 and "NO_WAY_BACK" in told.output, told.output
    told = CliRunner().invoke(app, ["rebuild", "--back", "--verify"])
    assert told.exit_code == 2 and "BACK_ALONE" in told.output, told.output


def test_what_a_row_says_wrongly_is_named_and_put_right(settings):
    load(settings)
    work(settings)
    poisoned = execute(settings, "SELECT min(parcel_id) FROM read_parcel")[0][0]
    execute(settings, """UPDATE read_parcel SET item = item || '{"stage": "EXITED"}' WHERE parcel_id = %s""", poisoned)
    execute(settings, "DELETE FROM read_exit WHERE parcel_id = %s", poisoned)
    told = CliRunner().invoke(app, ["rebuild", "--verify"])
    assert (
        told.exit_code == 4
        and f"compliance: 1 different: {poisoned}" in told.output
        and "exit_eligible: 1" in told.output
    )
    assert CliRunner().invoke(app, ["rebuild", "data_quality", "--verify"]).exit_code == 0, (
        "only what is named is compared"
    )
    assert shown(settings).number == 1, "comparing shows nothing else"
    assert rebuild.run(settings).differences == {"compliance": [poisoned], "exit_eligible": [poisoned]}
    assert rebuild.run(settings, verify=True, discard=True).different == 0


def test_a_row_too_few_and_one_too_many_are_named(settings):
    load(settings)
    work(settings)
    missing, moved = (row[0] for row in execute(settings, "SELECT parcel_id FROM read_parcel ORDER BY 1 LIMIT 2"))
    execute(settings, "DELETE FROM read_parcel WHERE parcel_id = %s", missing)
    execute(settings, "UPDATE read_parcel SET parcel_id = %s WHERE parcel_id = %s", missing + "X", moved)
    assert rebuild.run(settings).differences == {"compliance": [missing, missing + "X", moved]}


def test_only_real_differences_of_alerts_are_published(settings):
    load(settings)
    work(settings)
    before = alert_changes(settings)
    (missing,) = execute(
        settings,
        "DELETE FROM alert WHERE alert_id = (SELECT min(alert_id::text)::uuid FROM alert) RETURNING parcel_id, code",
    )
    done = rebuild.run(settings)
    assert (done.alerts, done.different) == (1, 1)
    work(settings)
    later = alert_changes(settings)[len(before) :]
    assert [(row[1], row[3]) for row in later] == [(missing[0], "alert.raised")]


def test_posts_go_on_while_a_generation_is_built(settings):
    lives = list(sample.demo(60, 3, TODAY.toordinal()))
    load(settings, lives[:20])
    work(settings)
    child = start_worker(settings)
    try:
        posting = threading.Thread(target=lambda: [load(settings, [life]) for life in lives[20:]])
        posting.start()
        assert rebuild.run(settings).different == 0
        posting.join()
        assert rebuild.run(settings, verify=True, discard=True).different == 0
    finally:
        stop(child)
    assert execute(settings, "SELECT count(*) FROM read_parcel") == [(60,)]


@pytest.mark.parametrize(("point", "number"), [("rebuild.built", 1), ("rebuild.flipping", 1), ("rebuild.flipped", 2)])
def test_a_rebuild_killed_at_any_border_leaves_lists_that_are_right(settings, point, number):
    load(settings)
    work(settings)
    before = without_days(rows(settings))
    child = subprocess.run(
        [sys.executable, "-m", "api.cli", "rebuild"], env=os.environ | {"LANDCYCLE_FAILPOINTS": f"{point}=exit"}, cwd=ROOT,
        timeout=60, capture_output=True,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL
    assert shown(settings).number == number and without_days(rows(settings)) == before
    done = rebuild.run(settings)
    assert (done.different, done.shown) == (0, 3)


@pytest.mark.parametrize("verify", [False, True])
def test_a_rebuild_that_another_has_overtaken_changes_nothing(settings, monkeypatch, verify):
    load(settings)
    work(settings)
    before, second = rows(settings), []

    def overtake(place):
        """The session that keeps others away is cut, as an idle one may be, and another rebuild comes."""
        if place != "rebuild.built" or second:
            return
        with psycopg.connect(settings.database_url) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'landcycle-rebuild-lock'"
            )
        second.append(None)
        second[0] = rebuild.run(settings)

    monkeypatch.setattr(failpoints, "reach", overtake)
    told = CliRunner().invoke(app, ["rebuild", *(["--verify"] if verify else [])])
    assert (told.exit_code, second[0].shown) == (2, 3) and "REBUILD_OVERTAKEN" in told.output, told.output
    assert "lists show generation" not in told.output
    assert (shown(settings).number, shown(settings).state) == (3, "FOLLOWING")
    assert rows(settings) == before, "what the second has built and shown stands"


def test_no_step_of_a_rebuild_touches_a_generation_of_another_number(settings):
    load(settings)
    work(settings)
    rebuild.run(settings)
    before = rows(settings)
    for building in (
        generations.Building("b", 1),
        generations.Building("b", 2),
    ):  # another's, and one that is shown already
        for step in (
            generations.hold, generations.empty, generations.index, generations.abandon, generations.show_built,
            lambda connection, building: generations.progress(connection, building, 1),
            lambda _, building: rebuild_chunks.Builder(settings, building).chunk([before["read_parcel"][0][0]]),
        ):  # fmt: skip
            with pool_of(settings) as pool, pool.connection() as connection, pytest.raises(generations.RebuildRefused):
                step(connection, building)
    assert rows(settings) == before


def test_no_rebuild_begins_while_another_writes_whose_lock_has_gone(settings):
    with pool_of(settings) as pool, pool.connection() as connection:
        building = generations.begin(connection, catalog.DEFINITION, 0)
        connection.commit()
        generations.hold(connection, building)
        with pytest.raises(generations.RebuildRefused, match="REBUILD_RUNNING"):
            rebuild.run(settings)
    assert rebuild.run(settings).shown == building.number + 1


def test_the_worker_need_not_wait_while_generations_are_compared(settings, monkeypatch):
    load(settings)
    work(settings)
    execute(settings, "DELETE FROM alert WHERE alert_id = (SELECT min(alert_id::text)::uuid FROM alert)")
    looked = []
    for module, name in ((comparison, "different"), (published, "of"), (rebuild, "evaluate_parcel")):

        def unhurried(*values, real=getattr(module, name), name=name):
            looked.append(name)
            execute(settings, "SELECT FROM worker_lease FOR UPDATE NOWAIT")
            return real(*values)

        monkeypatch.setattr(module, name, unhurried)
    assert rebuild.run(settings, processes=1).alerts == 1
    assert {"different", "of", "evaluate_parcel"} <= set(looked)


def test_the_worker_need_not_wait_for_who_still_reads_the_generation_of_before(settings):
    load(settings)
    work(settings)
    rebuild.run(settings)
    with pool_of(settings) as pool, pool.connection() as reader:
        reader.execute("SELECT FROM generation_a.read_parcel")
        building = threading.Thread(target=rebuild.run, args=(settings,))
        building.start()
        wait_for(
            lambda: execute(
                settings, "SELECT FROM pg_locks WHERE NOT granted AND relation = 'generation_a.read_parcel'::regclass"
            )
        )
        execute(settings, "SELECT FROM worker_lease FOR UPDATE NOWAIT")
    building.join()
    assert shown(settings).number == 3


def test_two_rebuilds_at_once_are_refused(settings):
    with rebuild._only_one(settings), pytest.raises(generations.RebuildRefused):
        rebuild.run(settings)


def test_a_generation_of_another_definition_makes_the_worker_build_its_own(settings):
    load(settings)
    work(settings)
    execute(settings, "UPDATE read_generation SET definition = 99 WHERE shelf = 'a'")
    child = start_worker(settings)
    try:
        wait_for(lambda: shown(settings).definition == catalog.DEFINITION)
    finally:
        stop(child)
    with pytest.raises(generations.NoWayBack, match="别的版本"):
        rebuild.back(settings)
    execute(settings, "UPDATE read_generation SET definition = 1 WHERE shelf = 'a'")  # the other release is back
    load(settings, list(sample.demo(2, 9, TODAY.toordinal())))
    work(settings)
    assert rebuild.back(settings) == 1
    assert rebuild.run(settings, verify=True, discard=True).different == 0, "it was taken up where it had been left"


def test_a_row_that_the_database_refuses_parks_its_parcel_until_it_is_tried_again(settings, monkeypatch):
    lives = sample.sample(TODAY.toordinal())
    real, poison = compliance.row_of, lives[2].parcel_id

    def bad_row(one, *values, **more):
        row = real(one, *values, **more)
        return {**row, "words": "\x00"} if one.parcel_id == poison and one.assessment else row

    with monkeypatch.context() as patch:
        patch.setattr(compliance, "row_of", bad_row)
        load(settings)
        work(settings)
        assert [one["parcel_id"] for one in due.parked(settings)] == [poison]
        assert execute(settings, "SELECT count(*) FROM read_parcel") == [(len(lives),)], "the others flow"
        assert due.try_again(settings, []) == 1
        work(settings)
        assert [one["parcel_id"] for one in due.parked(settings)] == [poison]
    refused = CliRunner().invoke(app, ["parked", "retry", poison, "120114001002GB99999"])
    assert (
        refused.exit_code == 2 and "120114001002GB99999没有被停放" in refused.stderr and "NOT_PARKED" in refused.stderr
    )
    assert execute(settings, "SELECT count(*) FROM read_parcel WHERE due_again") == [(0,)], "none of them"
    told = CliRunner().invoke(app, ["parked", "retry", poison])
    assert told.exit_code == 0, told.output
    work(settings)
    assert due.parked(settings) == [] and rebuild.run(settings, verify=True).different == 0


def test_many_overtaken_parcels_are_taken_on_all_cores_even_when_one_process_dies(settings):
    lives = list(sample.demo(260, 5, TODAY.toordinal()))
    load(settings, lives)
    work(settings)
    later = settings_for(settings.database_url, settings.data_dir, today=TODAY + timedelta(days=3), worker_processes=2)
    execute(settings, "UPDATE read_parcel SET due_again = true")
    child = start_worker(later)
    try:
        victims = wait_for(
            lambda: [
                one
                for one in psutil.Process(child.pid).children(recursive=True)
                if "spawn_main" in " ".join(one.cmdline())
            ]
        )
        victims[0].kill()
        wait_for(lambda: execute(settings, "SELECT count(*) FROM read_parcel WHERE due_again") == [(0,)])
    finally:
        stop(child)
    assert rebuild.run(later, verify=True).different == 0


def test_sweepers_of_a_worker_that_lost_its_lease_write_nothing(settings):
    from projections.sweepers import Sweepers

    load(settings)
    work(settings)
    before = rows(settings)
    names = [row[0] for row in execute(settings, "UPDATE read_parcel SET due_again = true RETURNING parcel_id")]
    with closing(Sweepers(settings, 0)) as sweepers, pytest.raises(worker.LeaseLost):
        sweepers.run(1_000, names, lambda: None)
    assert [row[:13] for row in rows(settings)["read_parcel"]] == [row[:13] for row in before["read_parcel"]]
    assert execute(settings, "SELECT count(*) FROM read_parcel WHERE due_again") == [(len(names),)]


def start_worker(settings):
    return subprocess.Popen(
        [sys.executable, "-m", "api.cli", "worker"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"LANDCYCLE_TODAY": settings.today.isoformat()},
    )  # fmt: skip


def stop(child):
    child.terminate()
    child.wait(20)


def wait_for(question, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := question():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come true in time")
