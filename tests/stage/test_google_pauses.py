"""Pauses of Google's clients: as long in each run, in the process of an attempt alone."""

from __future__ import annotations

import itertools
import subprocess
import sys
import textwrap

from pytest_dagguard.stage.compat import google_pauses


def test_pauses_have_their_mean_length_and_other_chance_stays() -> None:
    code = """
        import itertools, random
        from pytest_dagguard.stage.compat.google_pauses import steady
        steady()
        from google.api_core.retry import exponential_sleep_generator
        steady()
        print(list(itertools.islice(exponential_sleep_generator(1.0, 6.0, 2.0), 5)))
        print(random.uniform(0, 1) != random.uniform(0, 1))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["[0.5, 1.0, 2.0, 3.0, 3.0]", "True"], done.stderr


def test_a_library_that_has_no_chance_in_it_is_left_alone(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(sys.modules, google_pauses._MODULE, itertools)
    google_pauses.steady()
    assert not hasattr(itertools, "random")
