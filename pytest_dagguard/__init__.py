"""pytest-dagguard: kill, overlap and rerun real Airflow tasks against emulated clouds, before the merge."""

__version__ = "0.1.0"

__all__ = ["__version__"]
