"""What the operator costs and how late its reports are, beside a bare watch of the same events in the same run.

    make bench
    make soak

`README.md` says what each figure means. The parts, from the outside inwards: `rollouts` wires a run, `scenarios` are
what happens in it, `stage` is where, `load` is who changes Deployments, `bare_watch` and `jira_process` are processes
of their own, `costs` reads what the operator uses, `measures` turns times into figures, `targets` puts each beside
what it should be, and `report` shows them. `soak` is another run, of hours: `soak_load` and `soak_jira` are its world,
`promises` and `trend` its judges.
"""
