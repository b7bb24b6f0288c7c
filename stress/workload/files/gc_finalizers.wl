# Finalizers that are found by several at once, in spans of many classes, while others run: whoever finds one wakes the
# goroutine that runs them, which may be about to wait, or have been woken. In between everybody rests: none may be left.
workload gc_finalizers
procs 3
sizes tiny
goroutine main
    go maker 2
    loop 2
        new a 0
        finalizer a
        drop a
        new b 4
        finalizer b
        drop b
        big c 300
        finalizer c
        drop c
        gc
        sleep 10us
    end
    wait
goroutine maker
    loop 2
        new x 1
        finalizer x
        drop x
        new y 8
        finalizer y
        drop y
        big z 5000
        finalizer z
        drop z
        yield
    end
