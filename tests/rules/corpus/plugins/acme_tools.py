def to_gcs():
    return 1
