# Goroutines that give way again and again beside others in the queue of their p: each has its turn.
workload fair_yield
procs 1
sizes tiny
goroutine main
    go worker 3
    loop 600
        yield
    end
    wait
    expect done 3
goroutine worker
    add done
