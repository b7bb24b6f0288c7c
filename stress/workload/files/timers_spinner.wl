# A timer is added, and its goroutine computes, just when the other thread finds nothing more to do and goes to
# sleep. It must have looked at the timer, or be woken for it.
workload timers_spinner
procs 2
sizes tiny
goroutine main
    loop 2
        go quick
        timer t 10us
        work 50us
        park
    end
    wait
goroutine quick
