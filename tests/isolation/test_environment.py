from __future__ import annotations

import pytest

from pytest_dagguard.isolation import environment


@pytest.mark.parametrize(
    "name",
    [
        *("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_WEB_IDENTITY_TOKEN_FILE", "BOTO_CONFIG"),
        *("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CONFIG", "GCLOUD_PROJECT"),
        *("STORAGE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "AZURE_CLIENT_SECRET", "AZURE_STORAGE_CONNECTION_STRING"),
        *("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT_HTTPS", "REDIS_SERVICE_HOST"),
        *("REDIS_PORT_6379_TCP_ADDR", "DOCKER_HOST", "DOCKER_CONFIG", "TOKEN", "GITHUB_TOKEN", "github_token"),
        *("SLACK_API_KEY", "OPENAI_APIKEY", "APP_SECRET", "DB_PASSWORD", "SECRET_KEY", "SERVICE_PRIVATE_KEY_PATH"),
        *("SSH_AUTH_SOCK", "NETRC", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "no_proxy", "Ftp_Proxy"),
        *("REDIS_URL", "CACHE_REDIS_URL", "DATABASE_URL", "MONGODB_URI", "KAFKA_BOOTSTRAP_SERVERS", "PGHOST"),
        *("PGPASSWORD", "MYSQL_PWD", "SNOWFLAKE_ACCOUNT", "DATABRICKS_HOST", "SENTRY_DSN", "VAULT_ADDR"),
        *("AIRFLOW_CONN_AWS_DEFAULT", "AIRFLOW_VAR_BUCKET", "AIRFLOW__CORE__FERNET_KEY_SECRET"),
        *(
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD",
            "AIRFLOW__SECRETS__BACKEND",
        ),
        *("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__LOGGING__REMOTE_LOGGING", "AIRFLOW__CORE__SQL_ALCHEMY_CONN"),
        *("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "OTEL_EXPORTER_OTLP_ENDPOINT", "DBT_ENV_SECRET_X"),
    ],
)
def test_credentials_and_redirections_are_hidden(name: str):
    assert environment.cleaned({name: "x"}) == {}
    assert environment.hidden({name: "x"})[name]


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "LANG", "LC_ALL", "TZ", "PWD", "OLDPWD", "HOME", "USER", "SHELL", "TERM", "COLORTERM", "LOGNAME"),
        *("PYTHONPATH", "PYTHONHASHSEED", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "JAVA_HOME", "SPARK_HOME"),
        *("AIRFLOW_HOME", "AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW__CORE__LOAD_EXAMPLES", "REQUESTS_CA_BUNDLE", "CI"),
        *(
            "DAGGUARD_ATTEMPT",
            "DAGGUARD_TOKEN",
            "ENVIRONMENT",
            "MY_BUCKET",
            "DATASET",
            "AUTHOR",
            "KEYBOARD",
            "UV_CACHE_DIR",
        ),
        *(
            "PYTEST_CURRENT_TEST",
            "PYTEST_XDIST_WORKER",
            "HOSTNAME",
            "SECRETARY",
            "PASSAGE",
            "TMPDIR",
            "DBT_PROFILES_DIR",
        ),
    ],
)
def test_the_rest_stays(name: str):
    assert environment.cleaned({name: "x"}) == {name: "x"}


@pytest.mark.parametrize(
    "value",
    [
        "postgresql+psycopg2://airflow:hunter2@db.example.com/warehouse",
        "redis://:hunter2@cache:6379/0",
        "-----BEGIN RSA PRIVATE KEY-----\nMII",
        '{"type": "service_account", "private_key": "x"}',
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "a" * 36,
    ],
)
def test_credentials_are_known_by_their_value(value: str):
    assert environment.cleaned({"WAREHOUSE": value}) == {}


@pytest.mark.parametrize(
    "value", ["https://example.com/a@b", "/a:/b:/c", "s3://bucket/key", "user@example.com", "{}", ""]
)
def test_values_that_are_none_stay(value: str):
    assert environment.cleaned({"WAREHOUSE": value}) == {"WAREHOUSE": value}


def test_what_the_user_keeps_stays():
    given = {"MY_API_KEY": "fake", "OTHER_API_KEY": "real"}
    assert environment.cleaned(given, keep=["MY_API_KEY"]) == {"MY_API_KEY": "fake"}
    assert given["OTHER_API_KEY"] == "real"


@pytest.mark.parametrize("rule", [*environment.NAMES, *environment.VALUES], ids=lambda each: each.names[:30])
def test_each_rule_says_why(rule: environment.Rule):
    assert rule.reason
    assert not rule.reason.endswith(".")


def test_proxies_lead_to_the_recorder():
    found = environment.no_proxy_out("http://127.0.0.1:5555")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        assert found[name] == found[name.lower()] == "http://127.0.0.1:5555"
    assert found["NO_PROXY"] == found["no_proxy"] == "127.0.0.1,localhost,::1"


def test_metadata_servers_are_not_asked():
    assert environment.no_metadata()["AWS_EC2_METADATA_DISABLED"] == "true"
