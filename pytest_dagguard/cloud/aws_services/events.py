"""Amazon EventBridge: events and rules. Each event counts, whatever it says; targets of rules are refused by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pytest_dagguard.cloud.aws_services.service import OURS, Body, Footprint, Holding, Service, Wanted

_CHANGES = frozenset({"DeleteRule", "DisableRule", "EnableRule", "PutRule"})
_READS = frozenset({"DescribeEventBus", "DescribeRule", "ListEventBuses", "ListRules"})
_EVENTS, _BUS = OURS + "events", "default"


def _bus(wanted: Any) -> str:
    """The name of an event bus by its name or its ARN."""
    return str(wanted or _BUS).rpartition("event-bus/")[2]


def _holds(backend: Any, wanted: Wanted) -> Iterator[Holding]:
    for bus in list(backend.event_buses.values()):
        for rule in list(bus.rules.values()):
            kept = {
                "pattern": str(rule.event_pattern.dump() or ""),
                "schedule": rule.scheduled_expression,
                "state": rule.state,
                "description": rule.description,
            }
            text = json.dumps(kept, sort_keys=True, default=str).encode()
            yield Holding(f"events://{bus.name}/rules/{rule.name}", "rule", text)
    for number, bus, said in vars(backend).get(_EVENTS, ()):
        yield Holding(f"events://{bus}/{number}", "message", said)


def _footprint(backend: Any, action: str, body: Body) -> Footprint:
    if action == "PutEvents":
        buses = sorted({_bus(each.get("EventBusName")) for each in body.get("Entries") or ()})
        shown = f"events://{buses[0]}" if len(buses) == 1 else "events://*"
        return Footprint(shown, frozenset(), frozenset(f"events://{each}/*" for each in buses))
    bus = _bus(body.get("EventBusName"))
    rule = f"events://{bus}/rules/{body['Name']}" if body.get("Name") else f"events://{bus}/*"
    touched = frozenset({rule})
    return Footprint(rule, touched, touched if action in _CHANGES else frozenset())


def _prepare(backend: Any, action: str, body: Body) -> None:
    """Have an event bus that is named be there."""
    named = [each.get("EventBusName") for each in body.get("Entries") or ()] + [body.get("EventBusName")]
    for each in filter(None, named):
        if _bus(each) not in backend.event_buses:
            backend.create_event_bus(_bus(each))


def _put(backend: Any, body: Body) -> Body:
    """``PutEvents``, with what was put kept, which moto does not."""
    asked = [{**each, "EventBusName": _bus(each.get("EventBusName"))} for each in body.get("Entries") or ()]
    answers = backend.put_events(asked)
    kept = vars(backend).setdefault(_EVENTS, [])
    for entry, answer in zip(asked, answers, strict=True):
        if answer.get("EventId"):
            said = {
                "source": entry.get("Source"),
                "type": entry.get("DetailType"),
                "detail": json.loads(entry["Detail"]),
            }
            kept.append((answer["EventId"], entry["EventBusName"], json.dumps(said, sort_keys=True).encode()))
    return {"FailedEntryCount": sum("ErrorCode" in each for each in answers), "Entries": answers}


SERVICE = Service(
    signing="events",
    host="events",
    holds=_holds,
    footprint=_footprint,
    prepare=_prepare,
    verbs=_CHANGES | _READS | {"PutEvents"},
    own={"PutEvents": _put},
    emulated="events and rules are emulated, and targets are not",
)
