"""What the DAGs of the team share."""
