from .world import classes, events, found, situation

A, B = "s3://c/a.csv", "s3://c/b.csv"
U = [f"6f1c2d3e-1111-4222-8333-44445555666{i}" for i in range(10)]


def window(steps, before=None, after=None, **keywords):
    after = {A: b"1"} if after is None else after
    before = {A: b"1"} if before is None else before
    return found(after, after, before=before, history=events("attempt 1", *steps), **keywords)


def test_deleted_and_created_again():
    (finding,) = window([f"-{A}", f"+{A}"])
    assert finding.cls == "reader-window"
    assert finding.warns
    assert finding.message == (
        "s3://c/a.csv was there before and is there after, but not all the time in between: "
        "deleted once and created once on the way"
    )


def test_overwritten_in_place():
    assert window([f"~{A}"]) == ()


def test_new_or_gone_at_the_end():
    assert window([f"+{A}", f"-{A}", f"+{A}"], before={}) == ()
    assert window([f"-{A}"], after={}) == ()


def test_ignored_and_uploads_and_xcoms_have_none():
    assert window([f"-{A}", f"+{A}"], ignored={"s3://c/*": "why"}) == ()
    x = "xcom://d/r/t/k"
    assert window([f"-{x}", f"+{x}"], before={x: b"1"}, after={x: b"1"}) == ()
    assert window(["+s3-upload://c/k?1", "-s3-upload://c/k?1"]) == ()


def test_twice_looks_at_the_second_attempt_only():
    steps = events("attempt 1", f"+{A}") + events("attempt 2", f"-{A}", f"+{A}")
    findings = found({A: b"1"}, {A: b"1"}, history=steps, where=situation("twice"))
    assert classes(findings) == ["reader-window"]
    steps = events("attempt 1", f"-{A}", f"+{A}") + events("attempt 2", f"~{A}")
    assert found({A: b"1"}, {A: b"1"}, before={A: b"0"}, history=steps, where=situation("twice")) == ()


def test_a_volatile_name_is_away_when_the_last_of_its_template_is():
    names = [f"s3://c/p-{u}" for u in U]
    steps = events("attempt 1", f"+{names[0]}") + events("attempt 2", f"-{names[0]}", f"+{names[2]}")
    findings = found({names[0]: b"1"}, {names[2]: b"1"}, {names[1]: b"1"}, history=steps, where=situation("twice"))
    assert classes(findings) == ["reader-window"]
    steps = events("attempt 1", f"+{names[0]}") + events("attempt 2", f"+{names[2]}", f"-{names[0]}")
    assert found({names[0]: b"1"}, {names[2]: b"1"}, {names[1]: b"1"}, history=steps, where=situation("twice")) == ()


def test_many_in_one_folder_are_one_finding():
    names = [f"s3://c/d/{i}" for i in range(50)]
    steps = [f"-{name}" for name in names] + [f"+{name}" for name in names]
    files = dict.fromkeys(names, b"1")
    (finding,) = window(steps, before=files, after=files)
    assert finding.resource == "s3://c/d/*"
    assert "50 objects were there before" in finding.message
