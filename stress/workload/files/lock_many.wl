# Several locks in one list of the table, and who waits for them comes and goes.
workload lock_many
procs 2
goroutine main
    go one 2
    go two 2
    go three
    wait
goroutine one
    loop 2
        lock a
        yield
        set x 1
        lock b
        unlock a
        yield
        unlock b
    end
goroutine two
    loop 2
        lock b
        yield
        lock c
        unlock b
        set y 1
        unlock c
    end
goroutine three
    lock a
    lock c
    yield
    unlock c
    unlock a
