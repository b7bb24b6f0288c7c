# A mutex that is unlocked while somebody comes for it: to take it, or to wait and be woken.
workload mutex_pass
procs 2
goroutine main
    lock m
    go other
    unlock m
    lock m
    unlock m
goroutine other
    lock m
    unlock m
