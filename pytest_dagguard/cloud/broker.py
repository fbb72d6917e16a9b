"""A Redis for Celery: broker and result backend of a drill.

It is Airflow's machinery and not the task's cloud. So it stands beside the tap: no operation on it is held or counted.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Any


class Broker:
    """fakeredis behind a socket of its own, on a thread of its own."""

    def __init__(self) -> None:
        import redis
        from fakeredis import TcpFakeServer

        self._server: Any = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        port = self._server.server_address[1]
        self.url = f"redis://127.0.0.1:{port}"
        self._client = redis.Redis(port=port)

    def lose(self, queue: str) -> int:
        """Forget all that waits in a queue, as a broker that is restarted without persistence; returns how many."""
        count = int(self._client.llen(queue))
        self._client.delete(queue)
        return count

    def close(self) -> None:
        """Stop it."""
        self._client.close()
        with contextlib.suppress(OSError):
            self._server.shutdown()
            self._server.server_close()
