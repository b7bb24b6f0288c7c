# A goroutine has parked and its thread sleeps; main readies it and then computes: the thread must be woken, and take
# it. So small that no choice is refused.
workload ready_asleep
procs 2
sizes tiny
goroutine main
    go sleeper
    work 50us
    ready sleeper
    work 50us
goroutine sleeper
    park
