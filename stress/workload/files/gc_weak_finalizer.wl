# The ends of objects: a weak handle is asked while its object is being found unreachable, and a finalizer brings the
# object, and what it refers to, back for once. Afterwards the memory is used again.
workload gc_weak_finalizer
procs 2
sizes tiny
goroutine main
    new a 1
    new b 0
    link a 0 b
    weak w a
    weak v b
    finalizer a
    drop b
    go asker 2
    drop a
    gc
    weakget b v
    look b
    new c 1
    finalizer c
    drop c
    gc
    weakget a w
    look a
    wait
goroutine asker
    weakget a w
    look a
    load b a 0
    look b
    drop a
    yield
    weakget b v
    new other 1
    link other 0 b
    drop b
    load b other 0
    look b
