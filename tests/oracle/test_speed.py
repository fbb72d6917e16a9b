import time
import uuid

from pytest_dagguard.oracle.judge import judge
from pytest_dagguard.oracle.noise import learn

from .world import content, outcome, situation


def test_two_thousand_volatile_names_are_judged_in_a_moment():
    def files():
        return {f"s3://lake/ds=2024-01-01/part-{i:05d}-{uuid.uuid4()}.csv": b"id,n\n1,2\n" for i in range(2000)}

    clean = learn(outcome(files()), outcome(files()), content, {})
    seconds = []
    for _ in range(3):
        after = outcome(files())
        begin = time.perf_counter()
        assert judge(clean, after, situation(), content) == ()
        seconds.append(time.perf_counter() - begin)
    # A third of this on a quiet machine.
    assert min(seconds) < 0.3
