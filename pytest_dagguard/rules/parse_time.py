"""What a DAG file does while it is loaded. Airflow loads each file again and again, and for each try of each task."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.model.dag import LoadEvent
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import ERROR, INFO, WARNING, Rule, Subject

SLOW = 5.0
"""Seconds; Airflow gives up on a file after 30."""
APART = 5
"""Events of one kind and line above which they are told as one: a loop is one fault."""
_AGAIN = "Airflow loads the file every half minute, and once more for each try of each task."


def _found(subject: Subject, rule: str, kinds: tuple[str, ...], *, why: str, fix: str) -> Iterator[Finding]:
    """A finding for each event, or one for all of a kind that one line brings about where they are many."""
    assert subject.loaded is not None
    lines: dict[tuple[str, str, int], list[LoadEvent]] = {}
    for event in subject.loaded.events:
        if event.kind in kinds:
            lines.setdefault((event.kind, event.file, event.line), []).append(event)
    for events in lines.values():
        told = events if len(events) <= APART else events[:1]
        for event in told:
            more = len(events) - len(told)
            others = f", and {more} more in the same line" if more else ""
            yield Finding(
                rule,
                f"{_SAYS[event.kind].format(what=_shown(event))} while the file loads{others}",
                resource=event.what,
                file=event.file,
                line=event.line,
                why=why,
                fix=fix,
            )


_SAYS = {
    "variable": "the Variable {what} is asked for",
    "connection": "the connection {what} is asked for",
    "xcom": "the XCom {what} is asked for",
    "network": "a connection to {what} is opened",
    "program": "the program {what} is run",
    "write": "{what} is written",
    "environment": "the environment variable {what} is changed",
}


def _shown(event: LoadEvent) -> str:
    return event.what if len(event.what) <= 80 else event.what[:77] + "..."


def parse_time_lookup(subject: Subject) -> Iterator[Finding]:
    """Variables and connections that are looked up while the file loads."""
    return _found(
        subject,
        "parse-time-lookup",
        ("variable", "connection", "xcom"),
        why=f"{_AGAIN} Each time it asks the API server, or a secret backend that is paid for by the request, and one"
        " that is away keeps the DAG from loading.",
        fix="Read it where the task runs: {{ var.value.name }} in a template, or Variable.get inside the task.",
    )


def parse_time_io(subject: Subject) -> Iterator[Finding]:
    """Connections that are opened and programs that are run while the file loads."""
    return _found(
        subject,
        "parse-time-io",
        ("network", "program"),
        why=f"{_AGAIN} A service that is slow or away keeps all DAGs of the file from loading.",
        fix="Move it into a task; what the shape of the DAG depends on, into a file that is deployed with it.",
    )


def parse_time_effect(subject: Subject) -> Iterator[Finding]:
    """Files that are written and variables that are changed while the file loads."""
    return _found(
        subject,
        "parse-time-effect",
        ("write", "environment"),
        why=f"{_AGAIN} What it changes is changed in whichever process loads it, the scheduler's among them, and for"
        " the files that are loaded there after it.",
        fix="Move it into a task, or into the deployment.",
    )


def slow_parse(subject: Subject) -> Iterator[Finding]:
    """Files that take long to load."""
    assert subject.loaded is not None
    own = subject.loaded.own_seconds
    limit = float(subject.repository.settings.get("slow-parse", {}).get("seconds", SLOW))
    if own > limit and not subject.loaded.errors:
        yield Finding(
            "slow-parse",
            f"the file takes {own:.1f} s to load, without the imports of libraries (limit {limit:g} s)",
            why=f"{_AGAIN} What it takes is added to the start of every task, and new runs are seen later.",
            fix="Move work into tasks; import what is heavy inside the function that needs it.",
        )


def deprecation_warning(subject: Subject) -> Iterator[Finding]:
    """Warnings of Airflow and its providers of what will be removed."""
    assert subject.loaded is not None
    for event in subject.loaded.events:
        if event.kind == "warning" and event.file:
            yield Finding(
                "deprecation-warning",
                event.what,
                file=event.file,
                line=event.line,
                why="It works today. The next upgrade of Airflow or of the provider takes it away.",
                fix="Use what the warning names.",
            )


RULES = (
    Rule(
        "parse-time-lookup",
        "file",
        ERROR,
        "a Variable or a connection is looked up while the file loads",
        """\
What it does
  Loads the file as a worker does, and notes what it asks of the Execution API meanwhile, with the line. Not a guess
  from the source: a lookup in a function that is not called is no finding, one three modules away is.

Why is this bad
  Airflow loads each file every half minute, and once more for each try of each task. Each time the secret backend is
  asked. When it is away, the DAG is gone, and with it the retry of a task that had nothing to do with it.

Example
  BUCKET = Variable.get("bucket")

  @task
  def load(): read(BUCKET)

Use instead
  @task
  def load(): read(Variable.get("bucket"))
""",
        parse_time_lookup,
    ),
    Rule(
        "parse-time-io",
        "file",
        ERROR,
        "the network or a program is used while the file loads",
        """\
What it does
  Loads the file and notes connections that it opens and programs that it starts, whatever library does it, with the
  line. Connections to anything but the emulators are refused.

Why is this bad
  A service that is slow or away keeps all DAGs of the file from loading, and their tasks from being tried again.

Example
  TABLES = requests.get("https://catalogue.example.com/tables").json()

Use instead
  @task
  def tables(): return requests.get("https://catalogue.example.com/tables").json()

  load.expand(table=tables())
""",
        parse_time_io,
    ),
    Rule(
        "parse-time-effect",
        "file",
        WARNING,
        "files are written or the environment is changed while the file loads",
        """\
What it does
  Loads the file and notes files that it writes and environment variables that it changes, with the line. What Python
  does in order to import a module is left out.

Why is this bad
  It happens in whichever process loads the file, again and again. An environment variable stays for all files that this
  process loads after it.

Example
  os.environ["TZ"] = "Europe/London"

Use instead
  BashOperator(task_id="report", bash_command="./report", env={"TZ": "Europe/London"}, append_env=True)
""",
        parse_time_effect,
    ),
    Rule(
        "slow-parse",
        "file",
        WARNING,
        "a file takes long to load",
        """\
What it does
  Measures how long the file takes to load, without the time for imports of libraries, which a process does once. The
  limit is 5 s: seconds under [tool.dagguard.rules.slow-parse].

Why is this bad
  The time is added to the start of every task, and the scheduler sees new runs later. After 30 s Airflow gives up.

Example
  FRAME = pandas.read_csv(Path(__file__).parent / "stations.csv")

Use instead
  @task
  def load():
      frame = pandas.read_csv(Path(__file__).parent / "stations.csv")
""",
        slow_parse,
    ),
    Rule(
        "deprecation-warning",
        "file",
        INFO,
        "Airflow or a provider warns of what will be removed",
        """\
What it does
  Tells the warnings that Airflow and its providers give about the repository's own lines while a file loads.

Why is this bad
  BBC Datalab's upgrade from 1.10.4 to 1.10.12 changed what its pods did. What will change is mostly said one version
  before.

Example
  from airflow.operators.bash import BashOperator

Use instead
  from airflow.providers.standard.operators.bash import BashOperator
""",
        deprecation_warning,
    ),
)
