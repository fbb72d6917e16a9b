"""Which texts are secrets. The patterns are those of detect-secrets."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

_UNUSED = ("Base64HighEntropyString", "HexHighEntropyString", "IPPublicDetector", "KeywordDetector")
"""Detectors that find more names, digests and addresses than secrets. The one for keywords is asked by itself."""
_SECRET_NAME = re.compile(
    r"(passw(or)?d|passphrase|pwd|secret_?key|access_?key|api_?key|auth_?key|private_?key|client_?secret|token|secret)$",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"^(<.*>|\$\{?\w+\}?|.*\{\{.*|x{3,}|\*+|\.+|none|null|true|false|changeme|change_me|dummy|example|fake\S*|test\S*|"
    r"[a-z_\-]*(password|passwd|secret|token|key)|airflow|postgres|root|admin|user|todo|.*your[-_ ].*|"
    r".*example.*|.*placeholder.*)$",
    re.IGNORECASE | re.DOTALL,
)
_REFERENCE = re.compile(
    r"^(projects/|arn:|/|[a-z0-9]+(?:[-_/.][a-z0-9]+)*(?:-|_)?secrets?$|https?://|vault:|gsm:|sm://)"
)


@functools.lru_cache(maxsize=1)
def _detectors() -> tuple[Any, ...]:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    classes: Any = get_mapping_from_secret_type_to_class().values()
    return tuple(each() for each in classes if each.__name__ not in _UNUSED)


@functools.lru_cache(maxsize=1)
def _keyword_detector() -> Any:
    from detect_secrets.plugins.keyword import KeywordDetector

    return KeywordDetector()


def kinds_of(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """For each name and text what kind of secret it is, as detect-secrets calls it; empty for no secret."""
    # Most files have none: one look at all their texts together is enough to know.
    together = "\n".join(dict.fromkeys(text for _, text in pairs))
    suspects = [each for each in _detectors() if any(True for _ in each.analyze_string(together))]
    return [_kind(name, text, suspects) for name, text in pairs]


def _kind(name: str, text: str, suspects: list[Any]) -> str:
    if _PLAIN.match(text.strip()):
        return ""
    for each in suspects:
        found = next((value for value in each.analyze_string(text) if not _PLAIN.match(str(value))), None)
        if found is not None:
            return str(each.secret_type)
    if _SECRET_NAME.search(name) and len(text) >= 6 and " " not in text and not _REFERENCE.match(text):
        line = f'{name} = "{text}"'
        detector = _keyword_detector()
        if any(True for _ in detector.analyze_line(filename="arguments.py", line=line, line_number=1)):
            return str(detector.secret_type)
    return ""
