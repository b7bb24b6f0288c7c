# Sleepers with equal, near and far deadlines on two p's. Looks for timers lost when a p goes idle, run twice
# when they are stolen, or slept through by the thread that waits for the next one.
workload timers_sleep
procs 2
sizes tiny
goroutine main
    go short 2
    go long
    sleep 15us
    go short
    wait
goroutine short
    sleep 10us
    yield
    sleep 5us
goroutine long
    sleep 30us
