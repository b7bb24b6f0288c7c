# Allocates right after a collection, when spans are still to be swept: by the background sweeper, by who allocates,
# and by the next cycle, which must find all done.
workload gc_sweep_alloc
procs 3
sizes tiny
goroutine main
    gcpercent off
    loop 6
        new keep 3
        new a 1
        new b 2
        big c 3000
        tiny 5
        link keep 0 a
    end
    go user 2
    gc
    loop 4
        new a 1
        new b 2
        link b 1 a
        tiny 3
    end
    gc
    look keep
    look b
    wait
goroutine user
    loop 3
        new x 3
        new y 1
        link x 2 y
        big z 2000
        tiny 4
        yield
    end
    look x
    look z
    gc
