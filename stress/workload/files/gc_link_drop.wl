# Rewires a small graph while the collector marks it: an object moves to a holder that may be scanned
# already, and its old place is cleared. Looks for stores that tell the collector too little, or too late.
workload gc_link_drop
procs 2
sizes tiny
goroutine main
    new root 2
    new hold 1
    new moved 1
    new leaf 0
    link moved 0 leaf
    link hold 0 moved
    link root 0 hold
    global graph root
    drop leaf
    drop moved
    go mover
    go marker
    loop 3
        load moved hold 0
        link root 1 moved
        unlink hold 0
        drop moved
        point
        load moved root 1
        look moved
        link hold 0 moved
        unlink root 1
        drop moved
    end
    wait
    load moved hold 0
    look moved
    load leaf moved 0
    look leaf
goroutine mover
    fetch root graph
    loop 2
        load hold root 0
        new fresh 1
        load moved hold 0
        link fresh 0 moved
        link root 0 hold
        drop moved
        load moved fresh 0
        look moved
    end
goroutine marker
    gc
    gc
