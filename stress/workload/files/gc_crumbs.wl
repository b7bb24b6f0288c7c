# Objects below 16 bytes share blocks, and a block is carved from while collections begin, mark and end: pieces that
# are kept must last as long as any of them is referred to.
workload gc_crumbs
procs 2
sizes tiny
goroutine main
    go crumbler 2
    loop 4
        crumbs 2
        gc
    end
    wait
goroutine crumbler
    loop 4
        crumbs 6
        tiny 3
    end
