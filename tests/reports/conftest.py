"""What is collected in this folder."""

import sys

# the package that brings the official SARIF schema needs Python 3.11; the report is the same for every version
collect_ignore = ["test_sarif_schema.py"] if sys.version_info < (3, 11) else []
