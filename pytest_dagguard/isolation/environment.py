"""The environment of an attempt: the user's, without credentials and without ways to real services."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """Variables that an attempt does not get.

    :param reason: completes "hidden, because it is ..."
    :param names: a regular expression for the whole name in upper case
    """

    reason: str
    names: str


NAMES = (
    Rule("a setting of AWS clients", r"AWS_.*|BOTO_.*|S3_.*|S3CMD.*|MINIO_.*|FSSPEC_.*|RCLONE_.*"),
    Rule("a setting of Google Cloud clients", r"GOOGLE_.*|CLOUDSDK_.*|GCLOUD.*|GCP_.*|GCE_.*|GCS_.*|BIGQUERY_.*"),
    Rule("the address of somebody's emulator", r".*_EMULATOR_HOST|LOCALSTACK_.*"),
    Rule("a setting of Azure clients", r"AZURE_.*|ARM_.*|MSI_.*|IDENTITY_ENDPOINT|IDENTITY_HEADER"),
    Rule("a setting of another cloud's clients", r"(OCI|ALIBABA_CLOUD|ALICLOUD|IBMCLOUD|DIGITALOCEAN|YC|OS)_.*"),
    Rule("the way to a Kubernetes cluster", r"KUBE(CONFIG|_.*)|KUBERNETES_.*|.*_SERVICE_(HOST|PORT)(_.*)?|HELM_.*"),
    Rule("a service link of Kubernetes", r".*_PORT_\d+_(TCP|UDP)(_.*)?"),
    Rule("the way to a container engine", r"DOCKER_.*|CONTAINER_HOST|CONTAINERS_.*|REGISTRY_AUTH_FILE|BUILDX_.*"),
    Rule("a credential by its name", r"(.*_)?(TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)"),
    Rule(
        "a credential by its name",
        r"(.*_)?(API_?KEY|ACCESS_?KEY|SECRET_?KEY|PRIVATE_?KEY|FERNET_?KEY)(_ID|_FILE|_PATH)?",
    ),
    Rule(
        "a credential by its name", r".*_(TOKEN|SECRET|PASSWORD|PASS|PWD|AUTH|CREDENTIALS?)(_FILE|_PATH|_ID|_URL|_URI)?"
    ),
    Rule("a credential by its name", r".*_(CONNECTION_STRING|CONN_STR(ING)?|SAS|COOKIE)|DBT_ENV_SECRET_.*"),
    Rule(
        "the way to an agent that holds keys", r"SSH_.*|GPG_.*|GNUPGHOME|DBUS_.*|GIT_ASKPASS|KRB5.*|VAULT_.*|CONSUL_.*"
    ),
    Rule("the path of a credential file", r"NETRC|CURL_HOME|WGETRC|PGPASSFILE|PGSERVICEFILE"),
    Rule("a proxy, and attempts have one of their own", r".*_PROXY"),
    Rule(
        "the address of a database or broker",
        r"(.*_)?(DATABASE|DB|REDIS|AMQP|BROKER|RABBITMQ|MONGO(DB)?)_?(URL|URI|HOST)",
    ),
    Rule(
        "the address of a database or broker",
        r"(.*_)?(POSTGRES(QL)?|MYSQL|KAFKA|ELASTIC(SEARCH)?|CELERY)_?(URL|URI|HOST)",
    ),
    Rule("the address of a database or broker", r"PG[A-Z]+|MYSQL_.*|SNOWFLAKE_.*|SNOWSQL_.*|DATABRICKS_.*|.*_DSN"),
    Rule("the address of a broker", r"(.*_)?(BOOTSTRAP_SERVERS?|BROKERS?|BROKER_LIST)"),
    Rule("an Airflow connection, which comes from the seed", r"AIRFLOW_CONN_.*"),
    Rule("an Airflow variable, which comes from the seed", r"AIRFLOW_VAR_.*"),
    Rule("read from a command or a secrets backend", r"AIRFLOW__.*_(CMD|SECRET)"),
    Rule(
        "the way to a real Airflow", r"AIRFLOW__(DATABASE|CELERY|SECRETS|WORKERS|SMTP|EMAIL|API_AUTH|EXECUTION_API)__.*"
    ),
    Rule(
        "the way to a real Airflow", r"AIRFLOW__.*(SQL_ALCHEMY_CONN|RESULT_BACKEND|EXECUTION_API_SERVER_URL|BASE_URL).*"
    ),
    Rule(
        "remote logging or telemetry",
        r"AIRFLOW__(SENTRY|METRICS|TRACES|LINEAGE|OPENLINEAGE)__.*|AIRFLOW__.*__REMOTE_.*",
    ),
    Rule(
        "remote logging or telemetry",
        r"OTEL_.*|OPENLINEAGE_.*|SENTRY_.*|DD_.*|STATSD_.*|NEW_RELIC_.*|WANDB_.*|MLFLOW_.*",
    ),
    Rule(
        "a package index, possibly with its password",
        r"PIP_.*|UV_(DEFAULT_|EXTRA_)?INDEX.*|POETRY_HTTP_.*|TWINE_.*|NPM_.*",
    ),
)
"""By name. The first that fits is the one that is told."""

VALUES = (
    Rule("a URL with a password in it", r"[A-Za-z][\w+.-]*://[^/\s:@]*:[^/\s@]+@"),
    Rule("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY|\"private_key\"\s*:"),
    Rule("an AWS access key", r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    Rule(
        "a token by its form", r"\b(gh[pousr]_\w{30,}|xox[abprs]-\w{8,}|ya29\.[\w-]{20,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,})"
    ),
)
"""By value, ``names`` being searched in it."""

# Not what they look like.
_HARMLESS = frozenset({"PWD", "OLDPWD", "COLORTERM", "NO_COLOR"})
_OURS = "DAGGUARD_"

_NAMES = tuple((re.compile(each.names), each.reason) for each in NAMES)
_ANY_NAME = re.compile("|".join(f"(?:{each.names})" for each in NAMES))
_VALUES = tuple((re.compile(each.names), each.reason) for each in VALUES)


def hidden(environ: Mapping[str, str], keep: Collection[str] = ()) -> dict[str, str]:
    """Which variables attempts do not get, and why.

    :param keep: names that stay whatever they look like
    :returns: name -> the reason, which completes "hidden, because it is ..."
    """
    found = {}
    for name, value in environ.items():
        if name in keep or name in _HARMLESS or name.startswith(_OURS):
            continue
        reason = _reason(name.upper(), value)
        if reason:
            found[name] = reason
    return found


def cleaned(environ: Mapping[str, str], keep: Collection[str] = ()) -> dict[str, str]:
    """The environment without credentials and without what points clients at real services.

    :param keep: names that stay whatever they look like
    """
    gone = hidden(environ, keep)
    return {name: value for name, value in environ.items() if name not in gone}


def _reason(name: str, value: str) -> str:
    if _ANY_NAME.fullmatch(name):
        return next(reason for pattern, reason in _NAMES if pattern.fullmatch(name))
    return next((reason for pattern, reason in _VALUES if pattern.search(value)), "")


def no_proxy_out(egress_url: str) -> dict[str, str]:
    """Variables that send what honours a proxy to the egress recorder, which refuses it and knows where it wanted.

    :param egress_url: the recorder, ``http://127.0.0.1:PORT``
    """
    found = {}
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        found[name] = found[name.lower()] = egress_url
    found["NO_PROXY"] = found["no_proxy"] = "127.0.0.1,localhost,::1"
    return found


def no_metadata() -> dict[str, str]:
    """Variables that keep cloud clients from asking the metadata server, which they would do for seconds."""
    return {
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_GCE_CHECK": "true",
        "GCE_METADATA_TIMEOUT": "1",
        "BOTO_CONFIG": "/dev/null",
    }
