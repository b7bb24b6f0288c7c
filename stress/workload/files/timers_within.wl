# Objects that nothing refers to but their own timers, armed while the collector marks, and memory that is wanted again. Looks
# for an object that goes although the timer in it is armed.
workload timers_within
procs 2
sizes tiny
goroutine main
    go marker
    loop 3
        big x 100
        yield
        timerin x 5us
        drop x
        yield
        big x 100
        drop x
        sleep 6us
    end
    wait
goroutine marker
    loop 4
        gc
        yield
    end
