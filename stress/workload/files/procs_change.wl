# The number of p's goes up and down under load. Looks for goroutines, timers and dead g's lost with a p
# that goes, for p's that come and stay unused, and for threads that keep a p that is no more.
workload procs_change
procs 2
sizes tiny
goroutine main
    go worker 4
    setprocs 4
    go worker 4
    yield
    setprocs 1
    go changer
    syscall 10us
    setprocs 3
    wait
    expect done 9
goroutine changer
    setprocs 2
    sleep 5us
    setprocs 1
    add done
goroutine worker
    sleep 10us
    go leaf
    syscall 5us
    yield
    add done
goroutine leaf
    yield
