# The timers of a p whose goroutine computes, fired by the other p; the number of p's changes meanwhile, and with
# it the heap that the timers are in.
workload timers_stolen
procs 2
sizes tiny
goroutine main
    timer t 10us
    timer far 300us
    go changes
    work 30us
    park
    timer u 20us
    work 10us
    park
    wait
goroutine changes
    timer v 15us
    setprocs 1
    sleep 5us
    setprocs 3
    timerreset u 1us
    park
    setprocs 2
