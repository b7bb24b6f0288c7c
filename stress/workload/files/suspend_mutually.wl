# Goroutines make each other stand still at the same time, in pairs and in a ring, and one of them stops the
# world meanwhile. Looks for suspenders that wait for each other.
workload suspend_mutually
procs 3
sizes tiny
goroutine main
    go left
    go right
    loop 2
        suspend left
        yield
    end
    stw x
    wait
goroutine left
    loop 3
        suspend right
        point
    end
goroutine right
    loop 3
        suspend main
        suspend left
    end
