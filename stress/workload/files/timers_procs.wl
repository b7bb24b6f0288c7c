# Timers are started, moved and stopped while the number of p's changes under them and the collector marks; objects hang on
# timers alone. Looks for timers on a p that is no more, and for what is lost on the way of a timer to another heap.
workload timers_procs
procs 4
sizes tiny
goroutine main
    go collector
    go one
    go two
    go three
    loop 6
        busy 3us
    end
    wait
goroutine collector
    loop 4
        gc
    end
goroutine one
    loop 4
        new x 1
        timerref u 30us x
        drop x
        busy 1us
        timerstop u
    end
goroutine two
    loop 4
        new x 1
        timerref v 30us x
        drop x
        busy 1us
        setprocs 1
        timerstop v
    end
goroutine three
    loop 4
        new x 1
        timerref w 30us x
        drop x
        busy 1us
        setprocs 4
        timerstop w
    end
