"""Files that load, and DAGs that Airflow can keep apart and store."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import ERROR, WARNING, Rule, Subject

FIXES = {
    "syntax": "Mend the syntax; Python cannot read the file.",
    "missing-module": "Install the module where pytest runs, name its folder under paths or it under stubs in"
    " [tool.dagguard] (--dagguard-init does), or leave the file out with .airflowignore.",
    "moved": "Where it is an old name, set airflow-2 = true under [tool.dagguard.aliases] (--dagguard-init does); or"
    " port the file, or run it under the Airflow that it is for.",
    "lacks": "Put it into the seed folder, or under [tool.dagguard.env]; --dagguard-init writes what to fill in.",
    "exit": "A DAG file is loaded again and again by Airflow; nothing in it may end the process.",
    "timeout": "Move what takes long into a task; Airflow itself gives up on a file after 30 s.",
    "crash": "Find what ends or crashes the process while the file loads.",
    "limit": "A DAG file is loaded again and again by Airflow; do in a task what takes so much of the machine.",
    "lost": "Take out of the file what ends processes that it has not started; if there is nothing of it, run again.",
    "egress": "A DAG file must load without the network; read in a task what it fetches.",
}

LACKING = (
    "This environment lacks what the file needs. Whether its DAGs are good cannot be told: none of its tasks could be"
    " checked, and of the rules only those that read the source."
)


def import_error(subject: Subject) -> Iterator[Finding]:
    """What kept a file, or single DAGs in it, from loading."""
    assert subject.loaded is not None
    name = subject.source.name if subject.source else subject.loaded.path
    for error in subject.loaded.errors:
        place = f"{name}:{error.line}" if error.line else name
        yield Finding(
            "import-error",
            f"{place} does not load{' here' if error.is_elsewhere else ''}: {error.message}",
            line=error.line,
            why=LACKING if error.is_elsewhere else "None of its DAGs can run, and none of its tasks could be checked.",
            fix=FIXES.get(error.kind, "Make the file load where pytest runs."),
        )


def no_dag_in_file(subject: Subject) -> Iterator[Finding]:
    """A file that Airflow loads and finds nothing in."""
    assert subject.loaded is not None
    if not subject.loaded.errors and not subject.loaded.dags:
        name = subject.source.name if subject.source else subject.loaded.path
        yield Finding(
            "no-dag-in-file",
            f"{name} mentions Airflow and DAGs, and has no DAG at its top level",
            why="Airflow loads each such file again and again, and finds nothing in it.",
            fix="Assign the DAG to a name at module level, call the @dag function, or list it in .airflowignore.",
        )


def serialization_failure(subject: Subject) -> Iterator[Finding]:
    """A DAG that cannot be stored."""
    assert subject.dag is not None
    if subject.dag.problem:
        yield Finding(
            "serialization-failure",
            f"Airflow cannot serialize the DAG {subject.dag.dag_id}: {subject.dag.problem}",
            why="The scheduler works from the serialized DAG. This one loads, and is then shown as an import error.",
            fix="Give operators, params and default_args values that JSON knows: texts, numbers, lists, dictionaries.",
        )


def duplicate_dag_id(subject: Subject) -> Iterator[Finding]:
    """A DAG whose id a file before this one, by name, has too: each pair is told once."""
    assert subject.dag is not None
    assert subject.loaded is not None
    dag_id = subject.dag.dag_id
    others = [each for each in subject.repository.owners.get(dag_id, ()) if each.path < subject.loaded.path]
    if others:
        root = f"{subject.repository.root}/"
        where = ", ".join(each.path.removeprefix(root) for each in others)
        yield Finding(
            "duplicate-dag-id",
            f"the DAG id {dag_id} is in {where} already",
            resource=dag_id,
            why="Airflow keeps one DAG of each id: whichever file was loaded last replaces the other, again and again.",
            fix="Give each DAG an id of its own.",
        )


RULES = (
    Rule(
        "import-error",
        "file",
        ERROR,
        "a DAG file that does not load",
        """\
What it does
  Loads each DAG file in a process of its own, as a worker does, and tells what kept it, or one of its DAGs, from
  loading: a syntax error, an exception, sys.exit(), a time-out, a crash, the network. Where it is the environment that
  lacks something, a module, a Variable, what Airflow 3 has no more, it says "does not load here".

Why is this bad
  None of its DAGs runs. In production nobody sees it but on the first page of the web interface.

Example
  rows = requests.get("https://example.com/tables.json").json()

  with DAG("sales"):
      ...

Use instead
  with DAG("sales"):
      @task
      def tables():
          return requests.get("https://example.com/tables.json").json()
""",
        import_error,
    ),
    Rule(
        "no-dag-in-file",
        "file",
        WARNING,
        "a file that Airflow loads and finds no DAG in",
        """\
What it does
  Tells of a file in the DAG folder that mentions both Airflow and DAGs, loads, and has no DAG at its top level.
  .airflowignore is honoured.

Why is this bad
  A DAG that was meant to be there is missing, most often because a @dag function is not called. A helper is loaded
  again and again for nothing.

Example
  @dag(schedule="@daily")
  def sales(): ...

Use instead
  @dag(schedule="@daily")
  def sales(): ...

  sales()
""",
        no_dag_in_file,
    ),
    Rule(
        "serialization-failure",
        "dag",
        ERROR,
        "a DAG that Airflow cannot serialize",
        """\
What it does
  Gives each DAG to Airflow's own serializer.

Why is this bad
  The scheduler and the web interface know a DAG by what was serialized. One that loads and cannot be serialized never
  runs.

Example
  with DAG("sales", params={"day": {1, 2}}):
      ...

Use instead
  with DAG("sales", params={"day": [1, 2]}):
      ...
""",
        serialization_failure,
    ),
    Rule(
        "duplicate-dag-id",
        "dag",
        ERROR,
        "two files with a DAG of the same id",
        """\
What it does
  Looks for a DAG id in two files of the repository, and tells it of the one whose name comes later.

Why is this bad
  Airflow keeps one DAG of each id. Whichever file was loaded last replaces the other, so tasks come and go.

Example
  dags/sales.py:       with DAG("sales"): ...
  dags/sales_copy.py:  with DAG("sales"): ...

Use instead
  dags/sales.py:       with DAG("sales"): ...
  dags/sales_copy.py:  with DAG("sales_by_region"): ...
""",
        duplicate_dag_id,
        whole=True,
    ),
)
