# A signal while somebody is on the way from the mutex into the line.
workload cond_signal
procs 2
goroutine main
    go waiter
    condsignal u
    wait
goroutine waiter
    condwait u
