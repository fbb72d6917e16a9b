"""Which Airflow is here."""

from __future__ import annotations

from airflow import __version__

VERSION = str(__version__)
MAJOR, MINOR = (int(each) for each in VERSION.split(".")[:2])
SERVED = (2, 11)
"""The oldest minor version that is served."""
