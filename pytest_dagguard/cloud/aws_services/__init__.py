"""AWS services beside S3 whose jobs go on by themselves, a file for each."""
