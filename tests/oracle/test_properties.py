"""What must hold for any state: worlds are generated as plans, and each run renders the plan with its own noise."""

from __future__ import annotations

import csv
import datetime
import io
import json
import random
import re
import uuid
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_dagguard.oracle.judge import judge
from pytest_dagguard.oracle.noise import Clean, learn, pattern, template

from .world import classes, content, found, learned, outcome, situation

FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Noise:
    """What differs from run to run: the clock, the ids, the order of sets."""

    def __init__(self, run: int, seed: int) -> None:
        self.random = random.Random(f"{run} {seed}")
        self.now = datetime.datetime(2026, 11, 22, 10, 15, 7) + datetime.timedelta(
            days=401 * run, hours=5 * run, minutes=17 * run, seconds=run
        )

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def hex(self) -> str:
        return f"{self.random.getrandbits(64):016x}"

    def text(self, kind: str) -> str:
        return {
            "": "fixed",
            "uuid": self.uuid(),
            "bare": self.uuid().replace("-", ""),
            "hex": self.hex(),
            "iso": (self.now + datetime.timedelta(seconds=self.random.random())).isoformat(),
            "stamp": self.now.strftime("%Y%m%dT%H%M%S"),
            "day": self.now.strftime("%Y/%m/%d"),
            "epoch": str(int(self.now.timestamp())),
            "tmp": "tmp" + "".join(self.random.choices("abcdefghijklmnopqrstuvwxyz0123456789_", k=8)),
        }[kind]


@dataclass(frozen=True)
class File:
    folder: str
    name_noise: str
    form: str
    rows: tuple[tuple[int, str], ...]
    value_noise: str


# A logical date looks like noise and is none.
folders = st.sampled_from(["a", "ds=2024-01-01", "2024/01/01", "größe", "v=20240101T000000", "x y"])
name_noise = st.sampled_from(["", "", "uuid", "bare", "hex", "iso", "stamp", "day", "epoch", "tmp"])
rows = st.lists(
    st.tuples(st.integers(0, 10**6), st.text("abcxyz ,\"'ä", min_size=1, max_size=5)),
    min_size=2,
    max_size=6,
    unique=True,
).map(tuple)
files = st.builds(
    File,
    folders,
    name_noise,
    st.sampled_from(["csv", "jsonl", "json", "text"]),
    rows,
    st.sampled_from(["", "uuid", "iso", "hex"]),
)
plans = st.lists(files, min_size=1, max_size=5)


def body(file: File, noise: Noise, shuffled: bool) -> bytes:
    records = [{"id": number, "name": name} for number, name in file.rows]
    if file.value_noise:
        records = [{**record, "at": noise.text(file.value_noise)} for record in records]
    if shuffled:
        noise.random.shuffle(records)
    if file.form == "csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        return text.getvalue().encode()
    if file.form == "jsonl":
        return "".join(json.dumps(each) + "\n" for each in records).encode()
    if file.form == "json":
        return json.dumps({"items": records, "run": noise.text(file.value_noise)}).encode()
    return "".join(f"{number} is {name!r}\n" for number, name in file.rows).encode() + (
        f"written {noise.text(file.value_noise)}\n".encode() if file.value_noise else b""
    )


def name_of(at: int, file: File, noise: Noise) -> str:
    extension = {"text": "txt"}.get(file.form, file.form)
    # The letters keep files of one folder apart, as names of tables do.
    return f"s3://lake/{file.folder}/{'abcde'[at]}{'abcde'[at]}-{noise.text(file.name_noise)}.{extension}"


def render(plan: list[File], run: int, seed: int, shuffled: bool = False) -> dict[str, bytes]:
    noise = Noise(run, seed)
    return {name_of(at, file, noise): body(file, noise, shuffled) for at, file in enumerate(plan)}


def clean_of(plan: list[File], seed: int, shuffled: bool = False) -> Clean:
    return learned(render(plan, 0, seed, shuffled), render(plan, 1, seed, shuffled))


def judged(clean: Clean, files: dict[str, bytes]):
    return judge(clean, outcome(files), situation(), content)


@FAST
@given(plans, st.integers(0, 10**6), st.booleans())
def test_noise_alone_is_no_finding(plan, seed, shuffled):
    clean = clean_of(plan, seed, shuffled)
    assert clean.unstable == ""
    for run in range(3):
        assert judged(clean, render(plan, run, seed, shuffled)) == ()


@FAST
@given(plans, st.integers(0, 10**6), st.integers(3, 9))
def test_other_ids_and_rows_in_another_order_are_no_finding(plan, seed, run):
    # Lines of text have an order, so they are not shuffled by render.
    assert judged(clean_of(plan, seed), render(plan, run, seed + 1, shuffled=True)) == ()


@FAST
@given(plans, st.integers(0, 10**6), st.integers(0, 4))
def test_what_is_missing_is_lost(plan, seed, which):
    after = render(plan, 2, seed)
    del after[list(after)[which % len(after)]]
    assert classes(judged(clean_of(plan, seed), after)) == ["lost"]


@FAST
@given(plans, st.integers(0, 10**6), st.integers(0, 4))
def test_what_is_there_twice_is_a_duplicate(plan, seed, which):
    after = render(plan, 2, seed)
    at = which % len(plan)
    name = name_of(at, plan[at], Noise(7, seed))
    name = name if name not in after else name + ".again"
    after[name] = list(after.values())[at]
    assert classes(judged(clean_of(plan, seed), after)) == ["duplicate"]


@FAST
@given(
    plans, st.integers(0, 10**6), st.integers(0, 4), st.sampled_from(["append", "truncate", "empty", "alter", "drop"])
)
def test_damage_has_its_class(plan, seed, which, how):
    at = which % len(plan)
    clean, file = clean_of(plan, seed), plan[at]
    after = render(plan, 2, seed)
    name, data = list(after.items())[at]
    changed = File(file.folder, file.name_noise, file.form, (*file.rows[:-1], (7_000_001, "other")), file.value_noise)
    fewer = File(file.folder, file.name_noise, file.form, file.rows[1:], file.value_noise)
    actual, expected = {
        "append": (data + data, {"duplicate"}),
        "truncate": (data[: len(data) // 2], {"torn"}),
        "empty": (b"", {"torn"}),
        "alter": (body(changed, Noise(2, seed), False), {"changed"}),
        # The list inside of a JSON document, and text that is not a prefix, are merely other content.
        "drop": (body(fewer, Noise(2, seed), False), {"changed"} if file.form == "json" else {"lost"}),
    }[how]
    rule = next(group.rule for group in clean.groups.values() if group.label == template(name, clean))
    if rule.weak:
        return
    after[name] = actual
    assert set(classes(judged(clean, after))) == expected


@FAST
@given(plans, st.integers(0, 10**6))
def test_patterns_fit_every_name_with_the_same_template(plan, seed):
    clean = clean_of(plan, seed)
    names = [name for run in range(4) for name in render(plan, run, seed)]
    for known in (clean, None):
        by_template: dict[str, list[str]] = {}
        for name in names:
            by_template.setdefault(template(name, known), []).append(name)
        for members in by_template.values():
            for name in members:
                assert all(re.fullmatch(pattern(name, known), each, re.DOTALL) for each in members)
    assert len({template(name, clean) for name in names}) == len(plan)


@FAST
@given(st.text(max_size=60).filter(lambda text: "\x00" not in text))
def test_any_name_fits_its_own_pattern(text):
    assert re.fullmatch(pattern(text, None), text, re.DOTALL)
    assert isinstance(template(text, None), str)


names = st.lists(
    st.sampled_from(["a", "b-1", "b-2", "c-12345678", "c-abcdef12", "d/2026-11-22", "d/2027-12-24"]), unique=True
)


@FAST
@given(names, names)
def test_stability_does_not_depend_on_which_run_is_first(left, right):
    sides = [outcome({f"s3://b/{name}": b"x" for name in side}) for side in (left, right)]
    one, other = (learn(*pair, content, {}) for pair in (sides, sides[::-1]))
    assert bool(one.unstable) == bool(other.unstable)
    assert one.volatile == other.volatile


@FAST
@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80))
def test_any_bytes_can_be_judged(first, second, actual):
    findings = found({"s3://b/k": first}, {"s3://b/k": actual}, {"s3://b/k": second})
    assert len(findings) <= 1
    assert found({"s3://b/k": first}, {"s3://b/k": second}, {"s3://b/k": second}) == ()


@FAST
@given(st.binary(min_size=2, max_size=80), st.binary(max_size=80))
def test_where_two_clean_runs_agree_other_content_is_found(clean, actual):
    """Except where a reading loses nothing: what looks like rows or JSON may be written in another way."""
    findings = found({"s3://b/k.bin": clean}, {"s3://b/k.bin": actual})
    if findings:
        assert clean != actual
        return
    structured = any(mark in clean for mark in (b",", b";", b"|", b"\t", b"{", b"[", b"\x1f\x8b", b"\xef\xbb\xbf"))
    assert clean == actual or structured
