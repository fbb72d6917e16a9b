"""The configuration: one table of options; the command line goes before the environment, the file and the defaults."""
