import pickle
import re

import pytest

from pytest_dagguard.oracle.judge import judge
from pytest_dagguard.oracle.noise import is_ignored, learn, pattern, template, with_try_number

from .world import content, entry, events, learned, outcome, situation

U = [f"6f1c2d3e-1111-4222-8333-44445555666{i}" for i in range(8)]


def test_names_in_both_runs_are_stable():
    clean = learned({"s3://b/2024-01-01.csv": b"1"})
    assert (clean.unstable, clean.volatile, clean.notes) == ("", (), ())
    assert pattern("s3://b/2024-01-01.csv", clean) == re.escape("s3://b/2024-01-01.csv")


def test_volatile_names_are_listed_with_their_literal_parts():
    clean = learned({f"s3://b/ds=2024-01-01/part-{U[0]}": b"1"}, {f"s3://b/ds=2024-01-01/part-{U[1]}": b"1"})
    assert clean.volatile == ("s3://b/ds=2024-01-01/part-<uuid>",)
    assert template(f"s3://b/ds=2024-01-01/part-{U[2]}", clean) == "s3://b/ds=2024-01-01/part-<uuid>"
    assert re.fullmatch(pattern(f"s3://b/ds=2024-01-01/part-{U[0]}", clean), f"s3://b/ds=2024-01-01/part-{U[3]}")
    assert not re.fullmatch(pattern(f"s3://b/ds=2024-01-01/part-{U[0]}", clean), f"s3://b/ds=2024-01-02/part-{U[3]}")


def test_other_numbers_of_volatile_names_are_unstable_and_named():
    clean = learned({f"s3://b/{U[0]}": b"", f"s3://b/{U[1]}": b""}, {f"s3://b/{U[2]}": b""})
    assert f"s3://b/{U[0]}" in clean.unstable
    assert f"s3://b/{U[2]}" in clean.unstable
    assert "\n" not in clean.unstable


def test_a_name_of_one_run_only_is_unstable():
    assert learned({"s3://b/a": b""}, {}).unstable == (
        "two clean runs do not leave the same names: only the first leaves s3://b/a"
    )


def test_another_kind_under_one_name_is_unstable():
    first, second = outcome({"s3://b/a": b"x"}), outcome({})
    second.after["s3://b/a"] = entry("s3-upload://b/a", b"x")
    assert "1 of s3://b/a (object), another 0" in learn(first, second, content, {}).unstable


def test_ignored_resources_are_neither_unstable_nor_expected():
    clean = learned({"s3://logs/m/1": b"a", "s3://b/x": b""}, {"s3://b/x": b""}, ignored={"s3://logs/*": "a log"})
    assert clean.unstable == ""
    assert [group.label for group in clean.groups.values()] == ["s3://b/x"]


@pytest.mark.parametrize(
    ("resource", "glob", "expected"),
    [
        ("s3://logs/metrics/a/b", "s3://logs/metrics/*", True),
        ("s3://logs/other", "s3://logs/metrics/*", False),
        ("s3://logs/metrics/a", "metrics/*", True),
        ("s3://logs/metrics/a", "logs/*", True),
        ("s3-upload://logs/metrics/a?id", "s3://logs/metrics/a", True),
        ("gs-upload://logs/metrics/a?id", "s3://logs/metrics/a", False),
        ("xcom://d/r/t/k", "xcom://d/*", True),
    ],
)
def test_the_users_globs(resource, glob, expected):
    assert is_ignored(resource, (glob,)) is expected


def test_names_that_only_the_histories_have_are_learned_too():
    sides = [outcome({}, history=events("attempt 1", f"+s3://b/tmp/job-{n}/x", f"-s3://b/tmp/job-{n}/x")) for n in "ab"]
    clean = learn(*sides, content, {})
    assert clean.unstable == ""
    assert template("s3://b/tmp/job-c/x", clean) == "s3://b/tmp/job-<token>/x"
    assert re.fullmatch(pattern("s3://b/tmp/job-a/x", clean), "s3://b/tmp/job-zz/x")
    assert clean.temporaries


def test_histories_that_do_not_align_are_no_obstacle():
    sides = [outcome({}, history=events("attempt 1", *(f"~s3://b/x-{i}" for i in range(n)))) for n in (3, 5)]
    assert learn(*sides, content, {}).unstable == ""


def test_what_is_compared_on_other_terms_is_noted():
    clean = learned({"s3://b/k": b"\xff\x001"}, {"s3://b/k": b"\xff\x002"})
    assert clean.notes == ("s3://b/k: compared by size only",)


def test_many_alike_share_a_note():
    files = [{f"s3://b/{i}": b"\xff\x00" + bytes([i]) * n for i in range(100)} for n in (1, 2)]
    assert learned(*files).notes == ("s3://b/0, s3://b/1, s3://b/10 and 97 more: only its presence is compared",)


def test_a_name_that_varies_in_a_word_is_noted():
    clean = learned({"s3://b/alpha/x": b""}, {"s3://b/omega/x": b""})
    assert clean.volatile == ("s3://b/<token>/x",)
    assert "neither a uuid nor a time" in clean.notes[0]


def test_masked_values_are_listed():
    clean = learned({"xcom://d/r/t/k": b'{"at": 1.5, "n": 1}'}, {"xcom://d/r/t/k": b'{"at": 2.5, "n": 1}'})
    assert clean.volatile == ("xcom://d/r/t/k: at",)


def test_unfinished_uploads_are_counted_without_their_ids():
    clean = learned(
        {"s3-upload://b/k?abc": b"", "s3-upload://b/k?-d_": b""}, {"s3-upload://b/k?x": b"", "s3-upload://b/k?y+": b""}
    )
    assert clean.unstable == ""
    assert template("s3-upload://b/k?zz", clean) == "s3-upload://b/k?<id>"


def test_clean_can_be_pickled():
    clean = learned({f"s3://b/{U[0]}": b'{"a": 1, "t": "1"}'}, {f"s3://b/{U[1]}": b'{"a": 1, "t": "2"}'})
    assert pickle.loads(pickle.dumps(clean)) == clean


def retried(first, other, second=None):
    clean = learned(first, second)
    return with_try_number(clean, outcome(first), outcome(other), content)


def test_values_that_follow_the_try_number_are_masked_from_then_on():
    def state(try_number, n=1, at="2026"):
        return {"s3://b/k": f'{{"try": {try_number}, "n": {n}, "at": "{at}-01-01"}}'.encode(), "s3://b/same": b"x"}

    clean, remark = retried(state(1), state(2, at="2027"), state(1, at="2028"))
    assert remark == ""
    assert "without the values that follow the try number" in clean.notes[-1]
    assert judge(clean, outcome(state(3)), situation(), content) == ()
    assert len(judge(clean, outcome(state(3, n=2)), situation(), content)) == 1
    assert retried(state(1), state(1)) == (learned(state(1)), "")


def test_what_is_more_than_a_value_does_not_follow_the_try_number():
    one, two = {"s3://b/k": b'[{"n": 1}]'}, {"s3://b/k": b'[{"n": 1}, {"n": 1}]'}
    clean, remark = retried(one, two)
    assert clean.groups == learned(one).groups
    assert "s3://b/k" in remark
    clean, remark = retried(one, {**one, "s3://b/try-2": b""})
    assert "s3://b/try-2" in remark
