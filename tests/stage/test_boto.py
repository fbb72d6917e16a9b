"""What botocore is spared must make no difference: clients, requests and names are what they were."""

from __future__ import annotations

import functools
import inspect
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_dagguard.stage import boto


def session() -> Any:
    import boto3

    return boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1")


def requests() -> list[tuple[str, ...]]:
    """What some clients would send, without what differs with the time."""
    from botocore.awsrequest import AWSResponse
    from botocore.exceptions import ClientError
    from botocore.parsers import ResponseParserError

    class Nothing:
        def stream(self, **_: Any) -> Any:
            return iter((b"",))

    sent: list[tuple[str, ...]] = []

    def answer(request: Any, **_: Any) -> Any:
        headers = {name: value for name, value in request.headers.items() if name.lower() in ("content-md5", "expect")}
        body = request.body.read() if hasattr(request.body, "read") else request.body
        sent.append((request.method, request.url, str(sorted(headers.items())), str(body)))
        return AWSResponse(request.url, 200, {}, Nothing())

    calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("s3", "put_object", {"Bucket": "some-bucket", "Key": "a b/ü", "Body": b"x", "Metadata": {"k": "v"}}),
        ("s3", "list_objects_v2", {"Bucket": "some-bucket", "Prefix": "a/"}),
        ("s3", "copy_object", {"Bucket": "some-bucket", "Key": "k", "CopySource": {"Bucket": "b", "Key": "k"}}),
        ("sqs", "send_message", {"QueueUrl": "https://sqs.eu-central-1.amazonaws.com/1/q", "MessageBody": "x"}),
        ("glue", "start_job_run", {"JobName": "nightly"}),
    )
    for service, call, arguments in calls:
        client = session().client(service)
        client.meta.events.register_first("before-send", answer)
        try:
            getattr(client, call)(**arguments)
        except (ClientError, ResponseParserError) as error:
            sent.append((type(error).__name__, call))
    return sent


def clients() -> dict[str, Any]:
    """What some clients are like."""
    found = {}
    for service in ("s3", "sts", "sqs", "glue", "logs"):
        client = session().client(service)
        found[service] = (
            sorted(each for each in dir(client) if not each.startswith("_")),
            client.meta.endpoint_url,
            client.meta.service_model.metadata,
            client.waiter_names,
        )
    found["resource"] = sorted(dir(session().resource("s3").Bucket("b")))
    return found


def test_clients_and_their_requests_are_the_same(in_child: Any) -> None:
    def remembered() -> Any:
        boto.remember()
        first = (clients(), requests())
        assert (clients(), requests()) == first
        return first

    assert in_child(remembered) == in_child(lambda: (clients(), requests()))


def test_a_users_own_descriptions_are_found_whenever_they_come(in_child: Any, tmp_path: Path) -> None:
    def body() -> list[Any]:
        boto.remember()
        os.environ["AWS_DATA_PATH"] = str(tmp_path)
        before = "mine" in session().get_available_services()
        model = tmp_path / "mine" / "2020-01-01" / "service-2.json"
        model.parent.mkdir(parents=True)
        about = {"apiVersion": "2020-01-01", "endpointPrefix": "mine", "protocol": "json", "serviceFullName": "Mine"}
        about |= {"jsonVersion": "1.0", "serviceId": "Mine", "signatureVersion": "v4", "targetPrefix": "Mine"}
        operation = {"name": "Ping", "http": {"method": "POST", "requestUri": "/"}}
        model.write_text(
            json.dumps({"version": "2.0", "metadata": about, "operations": {"Ping": operation}, "shapes": {}})
        )
        made = session().client("mine", endpoint_url="http://127.0.0.1:1")
        return [before, hasattr(made, "ping")]

    assert in_child(body) == [False, True]


def a(x: int, *args: int, key: int, **rest: int) -> None: ...
def b(x: int, *, key: int) -> None: ...
def c(**anything: int) -> None: ...


class Handler:
    def with_rest(self, x: int, **rest: int) -> None: ...
    def without(self, x: int) -> None: ...
    @classmethod
    def of_class(cls, **rest: int) -> None: ...
    def __call__(self, **rest: int) -> None: ...


def signed(**rest: int) -> None: ...


signed.__signature__ = inspect.Signature()  # type: ignore[attr-defined]


def test_handlers_are_asked_the_same() -> None:
    from botocore import compat, handlers

    def answer(ask: Callable[[Any], Any], function: Any) -> Any:
        try:
            return ask(function)
        except TypeError as error:
            return type(error)

    some = Handler()
    asked = [a, b, c, functools.partial(a, 1), functools.wraps(b)(c), some.with_rest, some.without, Handler.of_class]
    asked += [some, signed, lambda **kw: 0, print, *(each for each in vars(handlers).values() if callable(each))]
    quick = boto._quick_accepts_kwargs(compat.accepts_kwargs)
    assert [answer(quick, each) for each in asked] == [answer(compat.accepts_kwargs, each) for each in asked]


def test_event_names_are_the_same_and_those_of_ones_own_apart(in_child: Any) -> None:
    names = (
        "before-call.s3",
        "docs.*.autoscaling.CreateLaunchConfiguration.complete-section",
        "creating-client-class.logs",
    )
    names += ("before-parameter-build.route53", "needs-retry.dynamodb.GetItem", "mine.old.x")

    def aliased() -> list[Any]:
        from botocore import hooks

        emitter = hooks.HierarchicalEmitter
        usual = [hooks.EventAliaser(emitter())._alias_event_name(each) for each in names for _ in range(2)]
        own = hooks.EventAliaser(emitter(), {"old": "new"})
        return [*usual, *map(own._alias_event_name, names)]

    def remembered() -> list[Any]:
        boto.remember()
        return aliased()

    found = in_child(aliased)
    assert in_child(remembered) == found
    assert found[-1] == "mine.new.x"


def test_once_is_enough(in_child: Any) -> None:
    def body() -> bool:
        from botocore import hooks, loaders

        boto.remember()
        before = (loaders.JSONFileLoader.load_file, hooks.EventAliaser.__init__, hooks.accepts_kwargs)
        boto.remember()
        return before == (loaders.JSONFileLoader.load_file, hooks.EventAliaser.__init__, hooks.accepts_kwargs)

    assert in_child(body)
