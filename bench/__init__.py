"""How long it all takes: ``python -m bench``, or ``tox -e bench``. Never a test."""
