"""What people and programs read: consumers of verdicts, one file each."""
