# Timers fire just when the goroutines that have started them are back from computing and start the next ones: one thread
# fires and looks, the other adds. Looks for a first time that is written over, or seen by nobody.
workload timers_meet
procs 3
sizes tiny
goroutine main
    go one
    go two
    wait
goroutine one
    loop 10
        timer a 5us
        work 5us
    end
goroutine two
    timer far 900us
    loop 5
        timer b 5us
        work 5us
        timer c 5us
        work 20us
    end
