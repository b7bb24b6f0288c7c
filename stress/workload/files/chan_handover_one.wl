# One object from one stack to another one, the least that a collection can lose.
workload chan_handover_one
procs 2
goroutine main
    chan c 0
    go keeper
    go maker
    yield
    gc
    wait
goroutine keeper
    take k c
    yield
    look k
goroutine maker
    new x 0
    yield
    give c x
    drop x
    yield
