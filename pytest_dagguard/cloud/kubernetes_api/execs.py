"""Commands executed in containers. None is ever run here: they are answered by what the container is.

The XCom sidecar of Airflow's pod operator is asked for the pod's result, and told to go, by shell commands; what they
mean follows from the container's name. The second one would otherwise end every shell on this machine.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable

from pytest_dagguard.cloud.feed import Channels, Conversation
from pytest_dagguard.cloud.kubernetes_api import failure, pod_status
from pytest_dagguard.cloud.kubernetes_api.call import SERVICE, Call
from pytest_dagguard.cloud.kubernetes_api.cluster import Cluster, ExecAnswer
from pytest_dagguard.cloud.kubernetes_api.failure import Refused
from pytest_dagguard.cloud.kubernetes_api.kinds import Object
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.life import Death

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
EMPTY = "__airflow_xcom_result_empty__"
STDIN, STDOUT, STDERR, STATUS, CLOSE = 0, 1, 2, 3, 255


def ends_sidecar(call: Call) -> bool:
    """Whether a command is the one that tells the XCom sidecar to go."""
    return call.one("container") == pod_status.SIDECAR and call.flag("stdin")


def command(call: Call) -> str:
    """The words of a command."""
    return " ".join(call.query.get("command", []))


def answer_for(cluster: Cluster, call: Call) -> ExecAnswer:
    """What a command says.

    :raises NotEmulated: nobody has said that
    """
    if call.one("container") == pod_status.SIDECAR:
        return ExecAnswer("*")
    text = command(call)
    found = next((each for each in reversed(cluster.answers) if fnmatch.fnmatchcase(text, each.pattern)), None)
    if found is None:
        raise NotEmulated(SERVICE, f"exec of {text!r} in a pod", "no command is run in an emulated container")
    return found


def execute(cluster: Cluster, call: Call, finish: Callable[[tuple[str, str, str], str, Death], None]) -> Conversation:
    """Begin a command, and return what is said over its connection.

    :param finish: ends a container
    :raises Refused: the container does not run
    """
    pod = cluster.store.get(call.place)
    if pod is None:
        raise failure.missing(call.kind, call.name)
    container = _container(pod, call.one("container"))
    if pod["status"]["phase"] in pod_status.ENDED:
        phase = pod["status"]["phase"]
        raise Refused(400, f"cannot exec into a container in a completed pod; current phase is {phase}")
    if pod_status.state_of(pod, container)[0] != "running":
        raise Refused(400, f'container not found ("{container}")')
    if not call.query.get("command"):
        raise Refused(400, "you must specify at least one command for the container")
    if ends_sidecar(call):
        finish(call.place, container, Death(0))
        return _shell
    said = answer_for(cluster, call)
    if container == pod_status.SIDECAR:
        said = ExecAnswer("*", cluster.store.xcoms.get(pod["metadata"]["uid"], EMPTY + "\n"))
    return _conversation(said, call.flag("stdin"))


def _container(pod: Object, name: str) -> str:
    found = pod_status.spec_of(pod, name)
    if found is None:
        raise Refused(400, f"container {name} is not valid for pod {pod['metadata']['name']}")
    return str(found["name"])


async def _shell(channels: Channels) -> None:
    """The sidecar's shell: it ends with the sidecar, whatever it is told."""
    while (message := await channels.receive()) is not None:
        if message[0] == STDIN:
            break
    await channels.send(STATUS, _status(0))


def _conversation(said: ExecAnswer, stdin: bool) -> Conversation:
    async def talk(channels: Channels) -> None:
        for channel, text in ((STDOUT, said.stdout), (STDERR, said.stderr)):
            if text:
                await channels.send(channel, text.encode())
        while said.echo and stdin and (message := await channels.receive()) is not None:
            channel, data = message
            if channel == CLOSE:
                break
            if channel == STDIN and data:
                await channels.send(STDOUT, data)
        await channels.send(STATUS, _status(said.code))

    return talk


def _status(code: int) -> bytes:
    if not code:
        return json.dumps({"metadata": {}, "status": "Success"}).encode()
    cause = {"reason": "ExitCode", "message": str(code)}
    return json.dumps(
        {
            "metadata": {},
            "status": "Failure",
            "message": f"command terminated with non-zero exit code: exit status {code}",
            "reason": "NonZeroExitCode",
            "details": {"causes": [cause]},
        }
    ).encode()
