# A timer of an idle p is moved to an earlier time by a goroutine that then computes: the thread that sleeps for
# the first timer must hear of it.
workload timers_reset
procs 2
sizes tiny
goroutine main
    timer t 200us
    go moves
    park
    wait
goroutine moves
    yield
    timerreset t 5us
    work 60us
