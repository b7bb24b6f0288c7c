# Long computations with preemption points, others that wait for a turn, requests by hand to goroutines in
# every state. Looks for requests that get lost, hit the wrong goroutine for ever, or stop one that holds
# something.
workload preempt_busy
procs 2
sizes tiny
goroutine main
    go burner 2
    yield
    preempt burner
    go short
    preempt short
    preempt burner#2
    busy 80us
    preempt main
    go short
    wait
goroutine burner
    busy 200us
    point
goroutine short
    yield
    preempt burner
