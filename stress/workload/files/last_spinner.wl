# Single submissions while the last spinning thread is about to sleep. Looks for work left in a queue
# with an idle p and nobody coming. The `work` keeps the submitter's own p busy, so that only a wake-up helps.
workload last_spinner
procs 2
sizes tiny
goroutine main
    go worker
    yield
    go worker
    work 50us
    go worker
    work 50us
    wait
goroutine worker
    yield
