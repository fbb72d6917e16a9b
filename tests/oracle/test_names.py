import re

import pytest

from pytest_dagguard.oracle.names import LEVELS, PLAIN, align, names_of, readable, stem

U1, U2 = "6f1c2d3e-1111-4222-8333-444455556666", "0a9b8c7d-9999-4888-8777-666655554444"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (f"s3://b/part-{U1}.csv", "s3://b/part-<uuid>.csv"),
        (f"s3://b/part-{U1.replace('-', '')}.csv", "s3://b/part-<uuid>.csv"),
        (f"s3://b/part-{U1.upper()}.csv", "s3://b/part-<uuid>.csv"),
        (f"s3://b/part_{U1.replace('-', '_')}", "s3://b/part_<uuid>"),
        ("s3://b/ds=2026-11-22/x", "s3://b/ds=<date>/x"),
        ("s3://b/2026/11/22/x", "s3://b/<date>/x"),
        ("s3://b/2026/11/22/10/x", "s3://b/<time>/x"),
        ("s3://b/dt=2026-11-22/hour=7/x", "s3://b/dt=<time>/x"),
        ("s3://b/year=2026/month=11/day=2/x", "s3://b/<time>/x"),
        ("s3://b/20261122.csv", "s3://b/<date>.csv"),
        ("s3://b/20261122T101500.csv", "s3://b/<time>.csv"),
        ("s3://b/20261122_101500.csv", "s3://b/<time>.csv"),
        ("s3://b/20261122101500123456.csv", "s3://b/<time>.csv"),
        ("dagrun://d/manual__2026-11-22T10:15:00.123456+00:00", "dagrun://d/manual__<time>"),
        ("s3://b/2026-11-22T10%3A15%3A00%2B00%3A00/x", "s3://b/<time>/x"),
        ("s3://b/2026-11-22-10-15-00/x", "s3://b/<time>/x"),
        ("s3://b/2026-11-22 10:15:00/x", "s3://b/<time>/x"),
        ("s3://b/x-1732270500.csv", "s3://b/x-<epoch>.csv"),
        ("s3://b/x-1732270500123.csv", "s3://b/x-<epoch>.csv"),
        ("s3://b/x-1732270500.123456/y", "s3://b/x-<epoch>/y"),
        ("s3://b/tmpab_c12x9/y", "s3://b/<random>/y"),
        ("s3://b/model-42.pkl", "s3://b/model-42.pkl"),
        ("s3://b/deadbeefcafe.pkl", "s3://b/deadbeefcafe.pkl"),
        ("s3://b/2024-01-01_2024-02-01/x", "s3://b/<date>_<date>/x"),
        ("s3://b/2024-01-01-2024-02-01/x", "s3://b/<date>-<date>/x"),
        ("s3://b/20240101-20240201/x", "s3://b/<date>-<date>/x"),
        ("s3-upload://b/k.csv?Xy_-9", "s3-upload://b/k.csv?<id>"),
    ],
)
def test_without_clean_runs_what_looks_like_a_uuid_or_a_time_is_wild(name, shown):
    assert readable(PLAIN.key(name)) == shown
    assert re.fullmatch(PLAIN.pattern(name), name, re.DOTALL)


def templated(left, right):
    families, *rest = align(left, right)
    assert rest == [[], []]
    names = names_of(families)
    keys = sorted(names.key(name) for name in left)
    assert keys == sorted(names.key(name) for name in right)
    return [readable(key) for key in keys]


@pytest.mark.parametrize(
    ("left", "right", "shown"),
    [
        ([f"p-{U1}"], [f"p-{U2}"], ["p-<uuid>"]),
        (["p-20261122T101500"], ["p-20271224T182233"], ["p-<time>"]),
        (["p-1a2b3c4d"], ["p-12345678"], ["p-<hex>"]),
        (["p-20261122"], ["p-1a2b3c4d"], ["p-<hex>"]),
        (["p-20261122/x-7"], ["p-87654321/x-9"], ["p-<hex>/x-<n>"]),
        (["p-17.csv"], ["p-4.csv"], ["p-<n>.csv"]),
        (["on-worker1x/a"], ["on-other77b/a"], ["on-<token>/a"]),
        (["id/a_bC"], ["id/xyzw"], ["id/<token>"]),
        (["id/a-b_C"], ["id/x"], ["id/<token>"]),
        # the logical date is on both sides, the clock is not
        (
            ["d=2024-01-01/p-20261122T101500", "d=2024-01-02/p-20261122T101501"],
            ["d=2024-01-01/p-20271224T182233", "d=2024-01-02/p-20271224T182234"],
            ["d=2024-01-01/p-<time>", "d=2024-01-02/p-<time>"],
        ),
        # each slot agrees by itself, the combinations do not
        (["1-a/2"], ["2-a/1"], ["<n>-a/<n>"]),
        # two slots exchange their values: what never varies stays
        (["x-1-2", "x-3-4"], ["x-1-4", "x-3-2"], ["x-<n>-<n>", "x-<n>-<n>"]),
        (["ünï/p-1"], ["ünï/p-2"], ["ünï/p-<n>"]),
    ],
)
def test_the_finest_level_on_which_both_sides_meet(left, right, shown):
    assert templated(left, right) == shown


def test_different_counts_do_not_align():
    _, left, right = align([f"p-{U1}", f"p-{U1[:-1]}0"], [f"p-{U2}"])
    assert len(left) == 2
    assert len(right) == 1


def test_a_known_name_is_literal_and_a_constant_stays_in_unknown_names():
    names = names_of({}, ["s3://b/2024-01-01"], frozenset({"2024-01-01"}), "time")
    assert readable(names.key("s3://b/2024-01-01")) == "s3://b/2024-01-01"
    assert readable(names.key("s3://b/tmp/2024-01-01-2026-11-22")) == "s3://b/tmp/2024-01-01-<date>"


def test_the_stem_of_an_upload_is_its_name_without_the_id():
    assert stem("s3-upload://b/a?b?id") == "s3-upload://b/a?b"
    assert stem("s3://b/a?b") == "s3://b/a?b"


def test_levels_go_from_fine_to_coarse():
    assert LEVELS[0] == "uuid"
    assert LEVELS[-1] == "slug"
