# More spawns at once than the ring of a tiny p holds, while the other p's steal. Looks for goroutines
# lost or doubled when half of a full queue moves to the global one.
workload runq_overflow
procs 3
sizes tiny
goroutine main
    go leaf 12
    yield
    go leaf 7
    wait
    expect done 19
goroutine leaf
    add done 1
