"""One small file per place where Airflow's versions differ."""
