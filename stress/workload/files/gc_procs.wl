# p's whose caches are full of room go away and come back while the collector marks and sweeps, and while others allocate:
# what was counted as used is given back by somebody else, in another phase.
workload gc_procs
procs 4
sizes tiny
goroutine main
    go eater 2
    go marker
    loop 2
        setprocs 1
        new a 1
        setprocs 3
        new b 5
    end
    wait
goroutine eater
    loop 2
        new a 0
        new b 2
        new c 8
        big d 100
        yield
    end
    look c
goroutine marker
    loop 2
        gc
        new x 3
    end
