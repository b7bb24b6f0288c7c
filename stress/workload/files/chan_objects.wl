# Objects whose only reference is on its way through channels, handed from stack to stack and through
# a buffer, while collections run.
workload chan_objects
procs 3
goroutine main
    chan direct 0
    chan slots 2
    go maker 2
    go middle
    go collector
    loop 4
        take got slots
        look got
        drop got
    end
    wait
goroutine maker
    loop 2
        new x 1
        new y 0
        link x 0 y
        drop y
        give direct x
        drop x
    end
goroutine middle
    loop 4
        take m direct
        look m
        give slots m
        drop m
    end
goroutine collector
    loop 2
        gc
    end
