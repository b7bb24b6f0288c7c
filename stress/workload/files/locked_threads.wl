# Goroutines tied to their threads, nested, among others that are not; one ends while it is tied and takes
# its thread along. Looks for a tied goroutine on a foreign thread, for one that its thread does not wait
# for, and for p's lost in the exchange.
workload locked_threads
procs 2
sizes tiny
goroutine main
    lockthread
    go tied 2
    yield
    go free 3
    park
    unlockthread
    go dies 2
    wait
goroutine tied
    lockthread
    lockthread
    yield
    unlockthread
    blockcall 10us
    yield
    ready main
    unlockthread
    yield
goroutine free
    blockcall 5us
    lockthread
    unlockthread
    work 30us
goroutine dies
    lockthread
    yield
    sleep 5us
