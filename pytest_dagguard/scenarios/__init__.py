"""The scenarios, one file each: a function from a task to a plan. No processes here."""
