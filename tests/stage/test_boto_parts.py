"""What clients and sessions are handed ready-made: each thing once, like one that is made then, or made then."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_dagguard.stage import boto, boto_parts

from .test_boto import session


def described(context: Any) -> tuple[Any, ...]:
    return context.options, context.verify_mode, context.check_hostname, context.keylog_filename, context.get_ciphers()


def test_tls_contexts_are_as_botocores_and_nobody_gets_one_twice(in_child: Any) -> None:
    def body() -> list[bool]:
        from botocore import httpsession

        usual = described(httpsession.create_urllib3_context())
        fill = boto_parts.remember_contexts(httpsession)
        fill()
        found = [httpsession.create_urllib3_context() for _ in range(boto_parts._CONTEXTS + 2)]
        return [len({id(each) for each in found}) == len(found), all(described(each) == usual for each in found)]

    assert in_child(body) == [True, True]


def test_a_tls_context_that_is_to_tell_its_keys_is_made_then(in_child: Any, tmp_path: Any) -> None:
    def body() -> str:
        from botocore import httpsession

        boto.remember()
        os.environ["SSLKEYLOGFILE"] = str(tmp_path / "keys")
        return str(httpsession.create_urllib3_context().keylog_filename)

    assert in_child(body) == str(tmp_path / "keys")


def test_sessions_are_each_ones_own_and_know_the_environment_of_their_use(in_child: Any) -> None:
    def body() -> tuple[int, list[Any]]:
        import botocore.session

        boto.remember()
        made = [botocore.session.get_session() for _ in range(boto_parts._SESSIONS + 1)]
        os.environ["AWS_DEFAULT_REGION"] = "ap-south-1"
        return len({id(each) for each in made}), [each.get_config_variable("region") for each in made]

    assert in_child(body) == (boto_parts._SESSIONS + 1, ["ap-south-1"] * (boto_parts._SESSIONS + 1))


def test_a_session_has_the_handlers_that_were_added_after_the_stock_was_filled(in_child: Any) -> None:
    def body() -> list[str]:
        from botocore import handlers

        boto.remember()
        seen: list[str] = []
        handlers.BUILTIN_HANDLERS.append(("creating-client-class.sqs", lambda **_: seen.append("made")))
        session().client("sqs")
        return seen

    assert in_child(body) == ["made"]


def test_clients_of_one_service_share_what_their_methods_are_but_not_their_class(in_child: Any) -> None:
    def body() -> list[bool]:
        boto.remember()
        one, other = session().client("sqs"), session().client("sqs")
        type(one).send_message = None
        one.meta.method_to_api_mapping["mine"] = "Mine"
        third = session().client("sqs")
        return [callable(other.send_message), callable(third.send_message), "mine" in third.meta.method_to_api_mapping]

    assert in_child(body) == [True, True, False]


@pytest.mark.parametrize("shipped", [True, False])
def test_rules_are_made_once_for_a_description_that_ships_and_each_time_for_ones_own(shipped: bool) -> None:
    made: list[dict[str, Any]] = []
    module = SimpleNamespace(RuleSet=lambda **named: made.append(named) or len(made))
    boto_parts.remember_rules(module, lambda _: shipped)
    parts: dict[str, Any] = {"parameters": {}, "rules": [], "partitions": {}}
    found = [module.RuleSet(version="1.0", **parts) for _ in range(3)]
    assert found == ([1, 1, 1] if shipped else [1, 2, 3])
