"""Where shared code lies."""

# Near misses

import json

import airflow.plugins_manager
from acme_lib import dates
from airflow.sdk import DAG
from acme_plugins import other
from . import acme_tools as beside

# Flagged

import acme_tools  # flag
import plugins.acme_tools  # flag
from acme_tools import to_gcs  # flag
from plugins import acme_tools as again  # flag
from plugins.acme_tools import to_gcs as twice  # flag
