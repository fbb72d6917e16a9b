"""The engine for Airflow 2.11, whose tasks run in the models of its metadata database.

Airflow 2 has no Execution API: a worker's process reads and writes the database itself. Here each attempt has a
database of its own in its memory, which Airflow's code works with as it always does, and which is gone with the
attempt. What outlives a task in production (XComs, Variables, Connections, runs, the state of the try) is asked of and
told to the cloud's Execution API where Airflow's code would ask the database. So it is the same operations, kill points
and states as with Airflow 3, and the cloud is the only truth. What the task asks of the database in any other way is
refused by name: its verdict is inconclusive.

What one transaction does is several operations here (the XComs of ``multiple_outputs``, which Airflow 2.11 commits at
once): a kill between them leaves what no kill could, and what the retry clears before it begins.

Two more things differ from production. Rendered fields, which are for people, stay in the attempt's own database. In
Airflow 2.11 a worker that was superseded and goes on leaves the events of its datasets once more; here that is refused.
"""
