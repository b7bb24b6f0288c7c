# All that stops the world at once: the phases of a collection, a change of the number of p's (whose caches and buffers
# go to others), and a stop by hand; a goroutine that stands still for the scan of its stack while others are suspended.
workload gc_stw_procs
procs 3
sizes tiny
goroutine main
    new root 2
    new leaf 1
    link root 0 leaf
    global graph root
    drop leaf
    go marker
    go resizer
    go rewirer
    stw v
    look root
    wait
    load leaf root 0
    look leaf
goroutine marker
    gc
    gc
goroutine resizer
    setprocs 1
    new x 2
    setprocs 4
    new y 1
    link x 0 y
    setprocs 2
    look y
goroutine rewirer
    loop 3
        fetch root graph
        load leaf root 0
        link root 1 leaf
        unlink root 0
        drop leaf
        suspend marker
        load leaf root 1
        link root 0 leaf
        unlink root 1
    end
