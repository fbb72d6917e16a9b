"""What keeps an attempt to itself: network, machine, environment and processes. Knows nothing of Airflow.

In a child that was just forked, in this order: :func:`network.enter`, :func:`machine.another_machine`, the variables
of :mod:`environment` and :func:`machine.scratch_environment`, :func:`processes.die_with_parent`,
:func:`processes.become_subreaper`, :func:`egress.install`.
"""
