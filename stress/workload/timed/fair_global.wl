# Sleepers that are due at once keep the queue of their p busy: who gives way meanwhile stands in
# the global queue, and has its turn.
workload fair_global
procs 1
sizes tiny
goroutine main
    go sleeper 6
    go other
    wait
goroutine sleeper
    loop 150
        sleep 1ns
    end
goroutine other
    loop 8
        yield
    end
