# What a program does while spans are swept: goroutines come and go, are suspended and preempted, and sit in system
# calls, beside one that collects over and over and has spans of many classes to sweep, and one that only sleeps, so
# that some thread polls.
workload gc_sweep_meets
procs 4
sizes tiny
goroutine main
    go caller
    go worker 2
    go suspender
    go sleeper
    loop 3
        new a 1
        new b 4
        new c 8
        big d 100
        big e 300
        big f 700
        big g 5000
        gc
    end
    wait
goroutine caller
    loop 8
        syscall 1us
        go child
    end
goroutine child
    tiny 1
goroutine worker
    loop 12
        busy 1us
        point
        new x 2
    end
    look x
goroutine suspender
    loop 8
        suspend worker
        preempt worker#2
        yield
    end
goroutine sleeper
    loop 12
        sleep 3us
    end
