# A permit that comes before, during and after the park it is meant for, from two p's at once, and to a goroutine that
# may have ended. Looks for doubled wake-ups and for a permit that counts twice.
workload ready_before_park
procs 3
sizes tiny
goroutine main
    go sleeper 2
    go waker 2
    ready sleeper#2
    park
    wait
goroutine sleeper
    park
    yield
    ready main
goroutine waker
    ready sleeper
    ready sleeper#2
