"""The search strategies: which orders and kills of a plan are worth running, one file each."""
