# Timers are started by goroutines whose p goes just then, and stays away for a while. Looks for timers on a p that is no more.
workload timers_resize
procs 3
sizes tiny
goroutine main
    go one
    go two
    loop 4
        yield
        setprocs 1
        sleep 3us
        setprocs 3
    end
    wait
goroutine one
    loop 5
        timer a 8us
        yield
        timer b 4us
        busy 2us
    end
goroutine two
    loop 5
        timer c 8us
        busy 2us
        timer d 4us
        yield
    end
