# Readers and writers: those inside when a writer comes, those that come while it waits, several
# writers.
workload lock_rw
procs 3
goroutine main
    go reader 3
    go writer 2
    wait
goroutine reader
    loop 3
        rlock t
        get x
        yield
        get x
        runlock t
    end
goroutine writer
    loop 2
        wlock t
        set x 1
        yield
        set x 2
        wunlock t
    end
