"""What is found in one outcome, what is said of it, and where."""

from dataclasses import replace

import pytest

from pytest_dagguard.model.state import EXPIRES
from pytest_dagguard.oracle.classify import remarks
from pytest_dagguard.oracle.judge import judge
from pytest_dagguard.oracle.noise import Clean, learn

from .test_content import parquet
from .world import CSV, FAULT, ROWS, K, U, classes, content, event, events, found, learned, outcome, situation


def test_parquet_with_shuffled_rows_and_with_rows_twice():
    name = "s3://c/p.parquet"
    first, second = parquet(ROWS), parquet(ROWS[::-1])
    assert found({name: first}, {name: parquet(ROWS[2:] + ROWS[:2])}, {name: second}) == ()
    assert found({name: first}, {name: second}) == ()
    (finding,) = found({name: first}, {name: parquet(ROWS * 2)})
    assert finding.message == f"{name} has 8 rows where one clean run leaves 4"
    (finding,) = found({name: first}, {name: first[:-20]}, {name: second})
    assert finding.cls == "torn"
    (finding,) = found({name: first}, {name: parquet([{"id": 1.5, "name": "x"}])})
    assert finding.cls == "changed"


def test_what_was_there_before_and_still_is():
    before = {K: b"old"}
    (finding,) = found({K: CSV}, before, before=before)
    assert (finding.cls, "before the task" in finding.message) == ("changed", True)


def test_a_source_that_a_clean_run_deletes_is_still_there():
    (finding,) = found({"s3://c/new": CSV}, {"s3://c/new": CSV, "s3://c/old": CSV}, before={"s3://c/old": CSV})
    assert finding.message == "s3://c/old is still there with the same content as s3://c/new"


def test_a_seed_that_is_gone():
    (finding,) = found({K: CSV}, {}, before={K: CSV})
    assert "was there before the task and is gone" in finding.message


def test_what_nobody_took_away_was_not_written():
    marked = events("attempt 1", "+s3://c/_DONE")
    clean, actual = {K: CSV, "s3://c/_DONE": b"1"}, {"s3://c/_DONE": b"1"}
    (finding,) = found(clean, actual, history=marked)
    assert finding.message == f"{K} was not written, and one clean run leaves it"
    assert "The retry took something that the killed attempt had left for a sign" in finding.why
    (finding,) = found(clean, actual, history=[*marked, *events("attempt 1", "-s3://c/input")])
    assert "is gone, and one clean run leaves it" in finding.message


def test_advice_for_redis_is_about_redis():
    overlap = situation("concurrent")
    (finding,) = found({"redis://0/k": b"1"}, {"redis://0/k": b"2"}, where=overlap)
    assert "Lua" in finding.fix
    (finding,) = found({K: b"1"}, {K: b"2"}, where=overlap)
    assert "IfMatch" in finding.fix


def test_content_that_is_found_under_another_name_is_said():
    findings = found({"s3://c/a": CSV}, {"s3://c/b": CSV})
    assert classes(findings) == ["lost", "duplicate"]
    assert "(its content is under s3://c/b)" in findings[0].message


def test_an_empty_object_that_stands_for_a_folder_does_not_count_where_there_is_something_in_it():
    folder, marked = {"gs://c/x/ds=1/a": CSV}, {"gs://c/x/": b"", "gs://c/x/ds=1/": b"", "gs://c/x/ds=1/a": CSV}
    assert found(marked, folder) == ()
    assert found(folder, marked) == ()
    assert classes(found({}, {"gs://c/x/": b""})) == ["duplicate"]
    assert classes(found({"gs://c/x/": b"", K: CSV}, {K: CSV})) == ["lost"]
    assert classes(found({"gs://c/x/": b"1", "gs://c/x/a": CSV}, {"gs://c/x/a": CSV})) == ["lost"]


def test_ignored_resources_are_left_out():
    ignored = {"s3://logs/*": "append-only"}
    assert found({"s3://logs/a": b"1"}, {"s3://logs/a": b"2", "s3://logs/b": b""}, ignored=ignored) == ()


def test_the_version_of_an_entry_does_not_count():
    clean, after = outcome({K: CSV}), outcome({K: CSV})
    after.after[K] = type(after.after[K])("object", after.after[K].digest, after.after[K].size, "17")
    assert judge(learn(clean, clean, content, {}), after, situation(), content) == ()


def test_an_unfinished_retry_comes_first_and_only_lost_data_with_it():
    where = situation(finished=False, error="ValueError: The key a.csv already exists.", kind="builtins.ValueError")
    (finding,) = found({K: CSV, "s3://c/b": b"1"}, {K: CSV, "s3://c/tmp/x": b""}, where=where)
    assert finding.cls == "cannot-finish"
    assert finding.resource == K
    assert finding.message == "The retry fails: ValueError: The key a.csv already exists. (about s3://c/a.csv)"
    assert "replace=True" in finding.fix
    assert classes(found({K: CSV}, {K: CSV, "s3://c/tmp/x": b""}, where=where, strict=True)) == [
        "cannot-finish",
        "leak",
    ]


def test_an_unfinished_retry_after_a_move_that_lost_the_data():
    where = situation(finished=False, cleared=True, error="NoSuchKey: raw/in.csv")
    findings = found({"s3://c/out.csv": CSV}, {}, before={"s3://c/raw/in.csv": CSV}, where=where)
    assert classes(findings) == ["cannot-finish", "lost"]
    assert findings[0].resource == "s3://c/raw/in.csv"
    assert "cleared by somebody" in findings[0].message


def test_an_unfinished_retry_that_left_less_than_there_was():
    where = situation(finished=False, error="boom")
    findings = found({K: CSV}, {K: b"id,amount\n"}, before={K: CSV[:-5]}, where=where)
    assert classes(findings) == ["cannot-finish", "torn"]
    assert classes(found({K: CSV}, {K: CSV[:-5]}, before={K: CSV[:-5]}, where=where)) == ["cannot-finish"]


def test_a_retry_that_ends_without_an_error_text():
    (finding,) = found({}, {}, where=situation(finished=False))
    assert finding.message == "The retry does not succeed: it ends as failed"


def test_the_line_is_that_of_the_last_change():
    names = [f"s3://c/part-{u}" for u in U]
    history = [event("attempt 1", names[2], "created", 12), event("attempt 2", names[3], "created", 41)]
    after = {names[2]: CSV, names[3]: CSV}
    (finding,) = found({names[0]: CSV}, after, {names[1]: CSV}, history=history)
    assert (finding.file, finding.line) == ("/repo/dags/sales.py", 41)


def test_advice_depends_on_what_varies_in_the_name():
    def advice(first, second, third):
        return found({first: CSV}, {second: CSV, third: CSV}, {second: CSV})[0].fix

    assert "random id" in advice(*(f"s3://c/p-{u}" for u in U[:3]))
    assert "not from the clock" in advice("s3://c/p-20261122", "s3://c/p-20271224", "s3://c/p-20281224")


def test_two_at_once_are_not_told_to_look_or_clean_up_first():
    def advice(scenario, first, actual, second=None, before=None):
        return found(first, actual, second, before, where=situation(scenario))[0].fix

    parts = [f"s3://c/p-{u}" for u in U[:4]]
    for cls, files in {
        "count": ({parts[0]: CSV}, {parts[1]: CSV, parts[2]: CSV}, {parts[3]: CSV}),
        "unexpected": ({K: CSV}, {K: CSV, "s3://c/other": b"1"}),
        "stale": ({K: CSV}, {K: b"old"}, None, {K: b"old"}),
    }.items():
        alone, both = advice("killed", *files), advice("concurrent", *files)
        assert alone != both, cls
        assert "or delete what" not in both
        assert "replace=True" not in both
    assert "IfMatch" in both


def test_an_upload_that_expires_by_itself_is_a_remark_and_no_leak():
    clean, after = learned({K: CSV}), outcome({K: CSV, "gs-upload://b/k?1": b"x", "s3-upload://b/k?1": b"x"})
    session = after.after["gs-upload://b/k?1"]
    assert classes(judge(clean, after, situation(), content)) == ["leak", "leak"]
    after.after["gs-upload://b/k?1"] = replace(session, version=EXPIRES)
    (finding,) = judge(clean, after, situation(), content)
    assert finding.resource == "s3-upload://b/k?<id>"
    assert remarks(clean, after, content) == (
        "gs-upload://b/k?<id> is a resumable upload that nobody finished; Cloud Storage drops it after a week",
    )


def with_headers(**headers):
    made = outcome({K: CSV})
    made.after[K] = replace(made.after[K], headers=tuple(sorted(headers.items())))
    return made


def test_metadata_beside_equal_content_is_compared():
    clean = learn(with_headers(kind="csv", run="1"), with_headers(kind="csv", run="2"), content, {})
    assert judge(clean, with_headers(kind="csv", run="3"), situation(), content) == ()
    (finding,) = judge(clean, with_headers(kind="text", run="3"), situation(), content)
    assert finding.message == f"{K} has 'text' as its kind where one clean run leaves 'csv'"
    (finding,) = judge(clean, with_headers(kind="csv", run="3", more="x"), situation(), content)
    assert finding.message == f"{K} has 'x' as its more where one clean run leaves nothing"
    assert judge(clean, with_headers(kind="csv", mtime="x"), situation(), content) == ()
    where = situation(finished=False)
    assert classes(judge(clean, with_headers(kind="text"), where, content)) == ["cannot-finish"]


def test_an_unstable_clean_run_cannot_be_judged_by():
    with pytest.raises(ValueError, match="why"):
        judge(Clean(unstable="why"), outcome({}), situation(), content)


def test_the_words_name_the_fault():
    assert FAULT[0].islower()
    (finding,) = found({K: CSV}, {}, where=situation(cleared=True))
    assert finding.why.startswith(FAULT[0].upper() + FAULT[1:])


def test_a_pod_that_was_there_before_was_not_started_by_the_task():
    other, late = "k8s://default/pods/keep-abcde", "k8s://default/pods/train-fghij"
    ended = b'{"status": {"phase": "Succeeded"}}'
    (leak,) = found({other: ended}, {other: ended, late: ended}, before={other: ended})
    assert (leak.cls, leak.resource) == ("leak", late)


def test_an_event_of_an_asset_that_is_produced_twice_is_a_duplicate_and_a_remark_of_a_rerun():
    event = {"asset-event://sales/d/r/t#1": b"{}"}
    clean, after = learned(event), outcome({**event, "asset-event://sales/d/r/t#2": b"{}"})
    assert classes(judge(clean, after, situation("killed"), content)) == ["duplicate"]
    assert judge(clean, after, situation("twice"), content) == ()
    assert "is produced once more" in remarks(clean, after, content)[0]
