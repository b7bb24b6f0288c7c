# Goroutines begin with a pointer that nobody else has, while the collector marks: the argument is between two
# stacks, one of which may be scanned already. They end with it, too, and their stacks go to others.
workload gc_spawn
procs 2
sizes tiny
goroutine main
    go marker
    loop 3
        new x 1
        new y 0
        link x 0 y
        drop y
        pass child x
        drop x
    end
    yield
    wait
goroutine child
    look x
    load y x 0
    unlink x 0
    pass grandchild y
    drop y
    yield
    look x
goroutine grandchild
    look y
    yield
    look y
goroutine marker
    gc
    yield
    gc
