"""What is installed beside the DAGs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import INFO, Rule, Subject

_AIRFLOW = re.compile(r"^\s*[\"']?(apache-airflow[\w.-]*)(\[[^\]]*\])?\s*(?P<version>[^;#\"'\n]*)", re.MULTILINE)


def unpinned_providers(subject: Subject) -> Iterator[Finding]:
    """Requirements on Airflow and its providers without a version, and nothing else that has one."""
    repository = subject.repository
    pins = list(repository.environment.get("pins", ()))
    if any("constraint" in each or each.endswith(".lock") or "pylock" in each for each in pins):
        return
    texts = {each: _read(repository.root / each) for each in pins}
    if any(re.search(r"^\s*(-c|--constraint)\b", text, re.MULTILINE) for text in texts.values()):
        return
    for name, text in texts.items():
        for match in _AIRFLOW.finditer(text):
            if "==" not in match["version"] and "@" not in match["version"]:
                line = text.count("\n", 0, match.start(1)) + 1
                yield Finding(
                    "unpinned-providers",
                    f"{match[1]} has no version, and there is neither a lock file nor a constraints file",
                    resource=match[1],
                    file=name,
                    line=line,
                    why="The next build of the image may have another provider, whose operators wait, retry and clean"
                    " up differently; BBC's pods reattached all of a sudden.",
                    fix="Install with Airflow's constraints file, or keep a lock file (uv, pip-tools, poetry).",
                )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


RULES = (
    Rule(
        "unpinned-providers",
        "repository",
        INFO,
        "Airflow's providers are not pinned",
        """\
What it does
  Looks in the repository's requirements files for Airflow and providers without a version, where there is no lock file
  and no constraints file.

Why is this bad
  Defaults of operators change between providers' versions. An upgrade that nobody asked for changed how BBC Datalab's
  pods were taken up again.

Example
  requirements.txt:  apache-airflow-providers-google

Use instead
  requirements.txt:  apache-airflow-providers-google==22.8.0
""",
        unpinned_providers,
    ),
)
