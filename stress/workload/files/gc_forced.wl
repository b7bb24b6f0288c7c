# Collections that three sides ask for: the period is over, a goroutine calls for one, the heap has grown. The
# helper of the first parks while the others begin.
workload gc_forced
procs 2
sizes tiny
goroutine main
    gcpercent 10
    new keep 1
    go caller
    sleep 2ms
    new other 0
    link keep 0 other
    drop other
    gc
    sleep 3ms
    load other keep 0
    look other
    wait
goroutine caller
    sleep 2ms
    gc
    loop 4
        new x 4
    end
    look x
