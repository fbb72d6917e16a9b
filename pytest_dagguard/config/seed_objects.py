"""Objects of the seed folder: ``<bucket>/<key...>`` beneath ``s3/`` and ``gcs/``."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_dagguard.config.seed_files import Problems

IGNORED = frozenset({".gitkeep", ".DS_Store"})
"""Names of files that keep an empty folder in Git, or that a Mac leaves."""

_Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Item:
    """One object, not yet read; its size in bytes."""

    bucket: str
    key: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Objects:
    """What lies beneath ``s3/`` or ``gcs/``."""

    buckets: tuple[str, ...]
    files: tuple[Item, ...]


def find(folder: Path, problems: Problems) -> Objects:
    """Buckets and objects beneath a folder. A bucket with nothing beneath it is an empty bucket.

    :param folder: the folder of buckets; symbolic links are followed
    """
    buckets, files = [], []
    for bucket in children(folder, problems):
        if not os.path.isdir(bucket):
            problems.add(bucket, "an object must lie in a folder that is named after its bucket")
            continue
        buckets.append(bucket.name)
        files += [
            Item(bucket.name, path.relative_to(bucket).as_posix(), path, size)
            for path, size in _files(bucket, (), problems)
        ]
    return Objects(tuple(buckets), tuple(files))


def contents(objects: Objects, problems: Problems) -> dict[str, dict[str, bytes]]:
    """Bucket -> key -> content. What cannot be read is a problem more."""
    found: dict[str, dict[str, bytes]] = {bucket: {} for bucket in objects.buckets}
    for item in objects.files:
        try:
            found[item.bucket][item.key] = item.path.read_bytes()
        except OSError as error:
            problems.add(item.path, f"cannot be read: {error.strerror}")
    return found


def children(folder: Path, problems: Problems) -> list[Path]:
    """What lies in a folder, sorted by name, less what is ignored. A folder that cannot be listed is a problem more."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        problems.add(folder, f"cannot be listed: {error.strerror}")
        return []
    found = []
    for name in names:
        if name in IGNORED:
            continue
        try:
            name.encode("utf-8")
        except UnicodeEncodeError:
            problems.add(folder / name, "its name is not UTF-8, as the names of objects are; rename it")
            continue
        found.append(folder / name)
    return found


def folder_names(folder: Path) -> list[str]:
    """Names of the folders in a folder; none where it cannot be listed."""
    try:
        return [each.name for each in folder.iterdir() if each.is_dir()]
    except OSError:
        return []


def _files(folder: Path, above: tuple[_Identity, ...], problems: Problems) -> Iterator[tuple[Path, int]]:
    """Every file beneath, with its size.

    :param above: device and inode of the folders that lead here, by which a link that leads back is known
    """
    try:
        here = folder.stat()
    except OSError as error:
        problems.add(folder, f"cannot be listed: {error.strerror}")
        return
    identity = (here.st_dev, here.st_ino)
    if identity in above:
        problems.add(folder, "is a symbolic link to a folder that it lies in; remove it")
        return
    for path in children(folder, problems):
        try:
            found = path.stat()
        except OSError as error:
            what = "is a symbolic link to nothing" if path.is_symlink() else "cannot be read"
            problems.add(path, f"{what}: {error.strerror}")
            continue
        if stat.S_ISDIR(found.st_mode):
            yield from _files(path, (*above, identity), problems)
        elif stat.S_ISREG(found.st_mode):
            yield path, found.st_size
        else:
            # Reading a pipe or a device would not end.
            problems.add(path, "is neither a file nor a folder; remove it")
