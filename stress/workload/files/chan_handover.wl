# An object made before a collection begins goes from a stack to another one while stacks are
# scanned: the one that has it may be scanned before it comes, the one that had it after it is gone.
workload chan_handover
procs 3
goroutine main
    chan c 0
    go keeper 2
    go maker 2
    go collector
    wait
goroutine keeper
    take k c
    yield
    look k
    yield
    look k
goroutine maker
    new x 1
    new y 0
    link x 0 y
    drop y
    yield
    yield
    give c x
    drop x
    yield
    yield
goroutine collector
    gc
