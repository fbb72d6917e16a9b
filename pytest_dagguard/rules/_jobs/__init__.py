"""Operators that start something outside of Airflow: whether they wait for it, and with what to wait."""
