"""moto's storages of the services that were asked for something: opened, kept and brought back."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_dagguard.cloud.aws_services import moto_call
from pytest_dagguard.cloud.aws_services.service import Service
from pytest_dagguard.model.seed import Seed

HOME = "us-east-1"
"""The region of services that have but one storage here."""

Where = tuple[str, str]
"""The name that requests to a service are signed with, and a region."""


class Storages:
    """All storages that are open. One that is opened is empty but for the seed."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        """
        :param services: by the name that requests are signed with
        """
        self.services = services
        self.passed: Callable[[], float] = lambda: 0.0
        """Virtual seconds, without those by which the clocks of attempts are ahead: what expires goes by these."""
        self._open: set[Where] = set()
        self._began = time.time()
        self._seed = Seed()

    def region(self, service: Service, region: str) -> str:
        """The region whose storage answers for a region."""
        return region if service.regional else HOME

    def get(self, service: Service, region: str) -> Any:
        """The storage of a service in a region.

        :param region: as :meth:`region` has it
        """
        for each in (service, *(self.services[name] for name in service.beside)):
            where = (each.signing, self.region(each, region))
            if where not in self._open:
                self._open.add(where)
                backend = moto_call.backend(each, where[1])
                backend.reset()
                each.switch_off(lambda: self._began + self.passed())
                each.sow(backend, each.seed(self._seed))
        return moto_call.backend(service, region)

    def all(self) -> Iterator[tuple[Service, str, Any]]:
        """Every open storage, with its service and region."""
        for signing, region in sorted(self._open):
            service = self.services[signing]
            yield service, region, moto_call.backend(service, region)

    def sow(self, seed: Seed) -> None:
        """Take in the user's input data."""
        self._seed = seed
        for service in self.services.values():
            if not service.regional and service.seed(seed):
                self.get(service, HOME)

    def snapshot(self) -> object:
        """A copy of all that is open."""
        kept = {(service.signing, region): _copied(backend, vars(backend)) for service, region, backend in self.all()}
        return kept, self._seed

    def restore(self, snapshot: Any) -> None:
        """Bring a copy back; a storage that was not open then is closed."""
        kept, self._seed = snapshot
        self._open = set(kept)
        for service, region, backend in self.all():
            fields = vars(backend)
            fields.clear()
            fields.update(_copied(backend, kept[service.signing, region]))


def _copied(backend: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a storage's fields; what in it points back at the storage does so in the copy too."""
    return copy.deepcopy(dict(fields), {id(backend): backend})
