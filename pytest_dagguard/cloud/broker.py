"""A Redis for Celery: broker and result backend of a drill.

It is Airflow's machinery and not the task's cloud. So it stands beside the tap: no operation on it is held or counted.
"""

from __future__ import annotations

import contextlib
import json
import threading
from typing import Any

QUEUES, RESULTS = 0, 1
"""Numbers of the databases."""


class Broker:
    """fakeredis behind a socket of its own, on a thread of its own."""

    def __init__(self) -> None:
        import redis
        from fakeredis import TcpFakeServer

        self._server: Any = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        port = self._server.server_address[1]
        self.url = f"redis://127.0.0.1:{port}"
        self._queues = redis.Redis(port=port, db=QUEUES)
        self._results = redis.Redis(port=port, db=RESULTS)

    def lose(self, queue: str) -> int:
        """Forget all that waits in a queue, as a broker that is restarted without persistence; returns how many."""
        count = int(self._queues.llen(queue))
        self._queues.delete(queue)
        return count

    def standing(self) -> tuple[int, int]:
        """How many messages are with workers that have not acknowledged them, and how many tasks Celery says failed."""
        said = [json.loads(self._results.get(each) or b"{}") for each in self._results.keys("celery-task-meta-*")]
        return int(self._queues.hlen("unacked")), sum(each.get("status") == "FAILURE" for each in said)

    def close(self) -> None:
        """Stop it."""
        self._queues.close()
        self._results.close()
        with contextlib.suppress(OSError):
            self._server.shutdown()
            self._server.server_close()
