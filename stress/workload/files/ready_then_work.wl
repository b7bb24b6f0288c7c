# A goroutine is made ready by one that then computes for long, while another p is idle. Looks for a ready that wakes
# nobody: only the wake-up of `ready` itself can help.
workload ready_then_work
procs 2
sizes tiny
goroutine main
    go sleeper 2
    sleep 10us
    ready sleeper
    work 50us
    ready sleeper#2
    work 50us
    wait
goroutine sleeper
    park
    yield
