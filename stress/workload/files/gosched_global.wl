# Yields put goroutines into the global queue while others fill the local ones. Looks for goroutines
# starved or lost between the two, and for p's that sleep beside a filled global queue.
workload gosched_global
procs 2
sizes tiny
goroutine main
    go spinner 3
    loop 3
        yield
    end
    go spinner
    wait
goroutine spinner
    loop 3
        yield
    end
