"""Files, folders and sockets of the host through which an attempt could get at real services."""

from __future__ import annotations

import contextlib
import functools
import os
import sys

# below a home folder
_CREDENTIALS = (
    ".aws",
    ".azure",
    ".boto",
    ".config/gcloud",
    ".config/gh",
    ".config/rclone",
    ".databrickscfg",
    ".docker",
    ".git-credentials",
    ".kube",
    ".mc",
    ".mylogin.cnf",
    ".my.cnf",
    ".netrc",
    ".oci",
    ".pgpass",
    ".pg_service.conf",
    ".s3cfg",
    ".snowflake",
    ".snowsql",
    ".ssh",
    ".vault-token",
)
_SYSTEM = (
    "/etc/boto.cfg",
    "/var/run/secrets/kubernetes.io",
    "/var/run/secrets/eks.amazonaws.com",
    "/var/run/secrets/azure",
)
# Resolvers ask the network on behalf of whoever asks them; container engines run anything for him; local databases
# are real ones. A network namespace does not stand between a process and a socket that is a file.
_SOCKETS = (
    "/run/avahi-daemon/socket",
    "/run/nscd/socket",
    "/run/systemd/resolve/io.systemd.Resolve",
    "/run/systemd/resolve/io.systemd.Resolve.Monitor",
    "/run/dbus/system_bus_socket",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/docker.sock",
    "/run/podman/podman.sock",
    "/run/mysqld",
    "/run/postgresql",
    "/run/redis",
    "/cloudsql",
)


@functools.cache
def hidden_paths() -> tuple[str, ...]:
    """All of them, whether they exist or not; the home folders are those of the process that asks first."""
    homes = {os.path.expanduser("~")}
    if sys.platform != "win32":
        import pwd

        with contextlib.suppress(KeyError):
            # ssh and some others do not ask $HOME
            homes.add(pwd.getpwuid(os.getuid()).pw_dir)
    found = [os.path.join(home, each) for home in sorted(homes) for each in _CREDENTIALS]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/run/user/"):  # some set it to /tmp
        found.append(runtime)
    return (*found, *_SYSTEM, *_SOCKETS)
