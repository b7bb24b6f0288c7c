# Timers on two p's that others move to earlier and later times and stop, while their p's go idle. Looks for
# timers lost or slept through while they are moved in somebody else's heap.
workload timers_moved
procs 2
sizes tiny
goroutine main
    go armer
    go mover
    timer t 40us
    sleep 5us
    timerreset t 10us
    park
    wait
goroutine armer
    timer u 200us
    park
    timer u 10us
    park
    timer v 15us
    park
goroutine mover
    work 3us
    timerreset u 8us
    sleep 10us
    timerreset u 2us
    timerreset u 1us
    timerstop w
    timer w 30us
    timerreset w 1us
    park
