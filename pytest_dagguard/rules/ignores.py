"""Ignores in the source are findings too, where they say nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.ignore import ignores
from pytest_dagguard.model.rule import WARNING, Rule, Subject


def ignore_without_reason(subject: Subject) -> Iterator[Finding]:
    """Ignores that do not say why; they ignore nothing."""
    if subject.source is None:
        return
    for each in ignores(subject.source.text, subject.source.tree):
        if not each.names or not each.reason:
            what = f"ignore[{', '.join(each.names)}] has no reason" if each.names else "ignore names no rule"
            yield Finding(
                "ignore-without-reason",
                f"{what}, so nothing is ignored",
                line=each.line,
                why="In a year nobody knows whether it still holds.",
                fix=f"# dagguard: ignore[{', '.join(each.names) or 'the-rule'}] the reason",
            )


def unused_ignore(subject: Subject) -> Iterator[Finding]:
    """Ignores of rules that have nothing to say there, or that do not exist."""
    for each in subject.unused:
        yield Finding(
            "unused-ignore",
            f"ignore[{', '.join(each.names)}] ignores nothing: there is no such rule, or it finds nothing here",
            resource=", ".join(each.names),
            line=each.line,
            why="What was wrong has been mended, or has moved to another line; or the name is mistyped.",
            fix='Take it out, or mend the name; "pytest --dagguard-list" has all.',
        )


RULES = (
    Rule(
        "ignore-without-reason",
        "file",
        WARNING,
        "an inline ignore that does not say why",
        """\
What it does
  Looks for "# dagguard: ignore" without the name of a rule in brackets, or without a reason after it. Such a comment
  ignores nothing.

Why is this bad
  A reason is what the next reader needs in order to take it out again.

Example
  load()  # dagguard: ignore[missing-retries]

Use instead
  load()  # dagguard: ignore[missing-retries] the API charges for each call
""",
        ignore_without_reason,
    ),
    Rule(
        "unused-ignore",
        "file",
        WARNING,
        "an inline ignore that ignores nothing",
        """\
What it does
  Tells of names in "# dagguard: ignore[...]" that no rule has, or whose rule finds nothing on those lines. Rules that
  are off are passed over.

Why is this bad
  It hides the next fault of that kind.

Example
  load.override(retries=2)()  # dagguard: ignore[missing-retries] the API charges for each call

Use instead
  load.override(retries=2)()
""",
        unused_ignore,
        whole=True,
    ),
)
