"""The real kubectl against the emulated cluster. It is Debian's package ``kubernetes-client``; ``.ci/run`` installs it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubernetes_server import Site, job, pod
from pytest_dagguard.model.life import Death

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def kubectl() -> str:
    """Where it is."""
    found = shutil.which("kubectl")
    assert found, "this test needs kubectl: apt-get install kubernetes-client"
    return found


@pytest.fixture
def run(kube: Site, kubectl: str, tmp_path: Path) -> Run:
    """Runs kubectl; each request that it sends lets alarms ring that are due."""
    kube.automatic = 0.0
    environment = {**os.environ, **kube.emulator.environment(kube.url), "HOME": str(tmp_path)}

    def run(line: str, given: Any = None, code: int = 0) -> subprocess.CompletedProcess[str]:
        text = given if isinstance(given, str) or given is None else json.dumps(given)
        words = [kubectl, *shlex.split(line)]
        done = subprocess.run(words, env=environment, input=text, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, (line, done.stdout, done.stderr)
        return done

    return run


def test_a_pod_is_run_shown_and_described(run: Run) -> None:
    run("run web --image=forever --restart=Never")
    assert run("get pods").stdout.splitlines()[1].split()[:4] == ["web", "1/1", "Running", "0"]
    assert run("get pods -o name").stdout == "pod/web\n"
    said = run("describe pod web").stdout
    assert "Image:          forever" in said
    assert "Started container web" in said


def test_labels_and_patches_change_what_is_selected(run: Run) -> None:
    run("run web --image=forever --restart=Never")
    run("label pod web tier=front")
    run("annotate pod web owner=me")
    run("""patch pod web -p '{"metadata":{"labels":{"x":"y"}}}'""")
    run("""patch pod web --type=json -p '[{"op":"add","path":"/metadata/labels/z","value":"1"}]'""")
    assert run("get pods -l tier=front,x=y,z=1 -o name").stdout == "pod/web\n"
    run("label pod web tier-")
    assert run("get pods -l tier -o name").stdout == ""


def test_a_log_is_followed_to_its_end(run: Run, kube: Site) -> None:
    kube.end_soon(Death(0, ("one", "two")), seconds=0.3)
    run("create -f -", pod(image="fn"))
    run("get pods")
    assert run("logs -f p").stdout == "one\ntwo\n"
    assert run("logs p --tail=1").stdout == "two\n"


def test_lines_are_followed_as_they_are_printed(run: Run, kube: Site, kubectl: str, tmp_path: Path) -> None:
    run("create -f -", pod(image="fn"))
    run("get pods")
    kube.say("old", "one")
    environment = {**os.environ, **kube.emulator.environment(kube.url), "HOME": str(tmp_path)}
    words = [kubectl, "logs", "-f", "p", "--tail=1", "--timestamps"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        for each in ("one", "two", "three"):
            assert follower.stdout.readline().split()[1:] == [each]
            kube.say({"one": "two", "two": "three"}.get(each, "last"))
        kube.end()
        assert [each.split()[1] for each in follower.stdout] == ["last"]
    assert follower.returncode == 0


def test_a_commands_input_output_and_code_come_through(run: Run, kube: Site) -> None:
    kube.command("exec", pattern="cat", echo=True)
    kube.command("exec", pattern="sh -c *", stdout="out", stderr="err", code=7)
    run("run web --image=forever --restart=Never")
    run("get pods")
    assert run("exec -i web -- cat", "hello").stdout == "hello"
    done = run("exec web -- sh -c 'exit 7'", code=7)
    assert (done.stdout, done.stderr[:3]) == ("out", "err")


def test_apply_takes_away_what_is_named_no_more(run: Run) -> None:
    for flag in ("", "--server-side"):
        name = f"c{len(flag)}"
        for data in ({"a": "1", "b": "2"}, {"a": "3"}):
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
            run(f"apply {flag} -f -", body)
        assert json.loads(run(f"get cm {name} -o json").stdout)["data"] == {"a": "3"}


def test_two_who_apply_the_same_field_are_in_conflict(run: Run) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}}
    run("apply --server-side --field-manager=one -f -", body)
    body["data"] = {"a": "2"}
    done = run("apply --server-side --field-manager=two -f -", body, code=1)
    assert 'conflict with "one" using v1: .data.a' in done.stderr
    run("apply --server-side --field-manager=two --force-conflicts -f -", body)
    assert run("get cm c -o jsonpath={.data.a}").stdout == "2"


def test_a_job_is_created_waited_for_and_deleted(run: Run, kube: Site) -> None:
    kube.end_soon(Death(0, ("done",)))
    run("create job train --image=fn -- python -c pass")
    run("wait --for=condition=complete job/train --timeout=20s")
    assert kube.world.births[0].facts["command"] == ["python", "-c", "pass"]
    assert run("logs job/train").stdout == "done\n"
    assert run("get jobs").stdout.splitlines()[1].split()[:3] == ["train", "Complete", "1/1"]
    run("delete job train")
    assert "No resources found" in run("get all").stderr


def test_objects_that_come_as_protobuf_are_read(run: Run) -> None:
    run("create configmap c --from-literal=a=b")
    run("create secret generic s --from-literal=key=value")
    run("create namespace team")
    run("create serviceaccount bob")
    assert run("get cm c -o jsonpath={.data.a}").stdout == "b"
    assert run("get secret s -o jsonpath={.data.key}").stdout == "dmFsdWU="
    assert run("get ns team -o name").stdout == "namespace/team\n"
    assert run("get sa bob -o name").stdout == "serviceaccount/bob\n"


def test_a_pod_is_deleted_and_that_is_waited_for(run: Run, kube: Site) -> None:
    run("create -f -", pod(image="fn"))
    run("get pods")
    run("delete pod p")
    assert kube.world.killed == ["pod default/p#1"]
    assert 'pods "p" not found' in run("get pod p", code=1).stderr


def test_what_cannot_be_answered_is_said_in_kubectls_own_error(run: Run, kube: Site) -> None:
    said = run("run web --image=acme/train --restart=Never", code=1).stderr
    assert "[tool.dagguard.images]" in said
    assert "no controller for deployments" in run("create deployment web --image=ok", code=1).stderr
    assert [each.what for each in kube.tap.refusals] == [
        "create pods with image acme/train",
        "create deployments.apps",
    ]
    kube.answers.clear()


def test_a_json_job_is_created_too(run: Run) -> None:
    run("create -f -", job())
    assert run("get pods -l job-name=j -o name").stdout.startswith("pod/j-")
