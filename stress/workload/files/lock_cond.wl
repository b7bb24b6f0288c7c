# Conditions: signals between unlock and line, one wakes one, all wake all, units are taken by who
# comes first.
workload lock_cond
procs 3
goroutine main
    go taker 3
    go giver 2
    yield
    condall u 2
    wait
goroutine taker
    loop 2
        condwait u
    end
goroutine giver
    condsignal u
    yield
    condsignal u
