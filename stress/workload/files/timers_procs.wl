# Timers are started, moved and stopped while the number of p's changes under them and the collector marks; objects hang on
# timers alone. Looks for timers on a p that is no more, and for what is lost on the way of a timer to another heap.
workload timers_procs
procs 4
sizes tiny
goroutine main
    go collector
    go holder
    go holder2
    go resizer 3
    loop 4
        busy 3us
    end
    wait
goroutine collector
    gc
    gc
    gc
goroutine holder
    loop 3
        new x 1
        timerref u 30us x
        drop x
        yield
        timerstop u
    end
goroutine holder2
    loop 3
        new x 1
        timerref v 30us x
        drop x
        timerreset v 20us
        yield
        timerstop v
    end
goroutine resizer
    yield
    setprocs 1
    setprocs 4
