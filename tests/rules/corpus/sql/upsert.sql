MERGE INTO from_file USING staging ON from_file.id = staging.id WHEN MATCHED THEN UPDATE SET n = staging.n
