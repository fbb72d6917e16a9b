"""From a plan to a verdict: the only place that joins attempts, cloud, search and oracle."""
