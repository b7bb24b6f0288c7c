# Goroutines that end as fast as they are started, in bursts, while the collector goes from stack to stack: one that it
# is about to look at is dead, or begins another life with another stack.
workload gc_churn
procs 2
sizes tiny
goroutine main
    go parent 2
    loop 4
        gc
    end
    wait
goroutine parent
    new x 0
    loop 6
        go leaf 4
        pass child x
        yield
    end
goroutine child
    look x
goroutine leaf
    point
