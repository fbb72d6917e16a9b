"""What rules ask of a source file: who calls what, what a task reaches, what is written where. No family is in here."""
