# The world is stopped again and again, by two goroutines at once, while others run, compute, sleep and sit
# in system calls. Looks for p's that the stop misses or counts twice, for wake-ups lost over it, and for
# goroutines that go on meanwhile.
workload world_stop
procs 3
sizes tiny
goroutine main
    go worker 2
    go stopper
    stw seen
    syscall 10us
    stw seen
    wait
goroutine stopper
    yield
    stw seen
    work 20us
    stw seen
goroutine worker
    syscall 5us
    yield
    sleep 10us
    busy 30us
