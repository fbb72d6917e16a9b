BUCKET = "acme-everywhere"
PAIR = "s3://acme-in-two-files/x"
