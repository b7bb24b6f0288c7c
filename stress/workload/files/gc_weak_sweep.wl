# Weak handles and finalizers are made, and handles asked, while the spans of their objects are being swept.
workload gc_weak_sweep
procs 2
sizes tiny
goroutine main
    go maker 2
    loop 4
        gc
    end
    wait
goroutine maker
    loop 6
        new a 1
        new b 3
        yield
        weak w a
        finalizer b
        link a 0 b
        yield
        weakget c w
        look c
    end
