# A goroutine starts another and yields while a thread gives up looking for work; the other then computes for
# long. Looks for the yielder left in the global queue beside an idle p.
workload yield_into_work
procs 2
sizes tiny
goroutine main
    go quick
    yield
    go quick
    go worker
    yield
    yield
    wait
goroutine quick
    yield
goroutine worker
    work 100us
