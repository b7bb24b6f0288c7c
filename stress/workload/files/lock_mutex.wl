# A mutex with plain data under it, taken by several, now and then for longer: barging, waiting, the
# hand-over when somebody starves.
workload lock_mutex
procs 3
goroutine main
    go worker 3
    go quick
    wait
    expect sum 12
goroutine worker
    loop 3
        lock a
        get under
        work 15us
        set under 1
        add sum
        unlock a
    end
goroutine quick
    loop 3
        trylock a
        unlock a
        lock a
        set under 2
        add sum
        unlock a
    end
