# Several goroutines move, start and stop each other's timers at the same moments, at which some of them are due: to earlier
# and to later times, in heaps that are their own and others'.
workload timers_reset_meet
procs 3
sizes tiny
goroutine main
    go owner
    go mover
    loop 4
        timer c 5us
        work 5us
    end
    wait
goroutine owner
    loop 5
        timer a 5us
        work 5us
        timer b 5us
        timerreset a 10us
        work 5us
    end
goroutine mover
    loop 5
        work 5us
        timerreset b 3us
        timerreset c 2us
        work 5us
        timerstop a
    end
