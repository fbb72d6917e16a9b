"""Entry of the stage process: ``python -m pytest_dagguard.stage DESCRIPTOR``; its place comes pickled on stdin."""

from __future__ import annotations

import pickle
import sys

from pytest_dagguard.stage import process

process.main(int(sys.argv[1]), pickle.load(sys.stdin.buffer))
