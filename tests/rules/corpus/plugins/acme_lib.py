"""Of the same name as the package beside the DAG files, which comes first."""
