# Long computations with more goroutines than p's: a p that stays idle beside queued work is seen as virtual
# time goes by. Looks for wake-ups that come, but too late.
workload conserve_work
procs 3
sizes tiny
goroutine main
    go burner 2
    work 20us
    go burner 3
    work 40us
    wait
goroutine burner
    work 40us
    yield
    work 40us
