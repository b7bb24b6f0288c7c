# Objects that only a timer refers to, armed, moved, stopped and fired while the collector marks; heaps of timers
# change p's.
workload timers_gc
procs 2
sizes tiny
goroutine main
    go marker
    loop 3
        new x 1
        new y 0
        link x 0 y
        drop y
        timerref t 5us x
        drop x
        timerreset t 10us
        yield
        setprocs 1
        setprocs 2
        timerstop t
        new x 0
        timerref u 2us x
        drop x
        sleep 5us
    end
    wait
goroutine marker
    gc
    yield
    gc
    sleep 5us
    gc
