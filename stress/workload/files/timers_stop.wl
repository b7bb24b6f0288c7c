# Timers of one heap are stopped from another p while their own adds earlier ones.
workload timers_stop
procs 2
sizes tiny
goroutine main
    timer a 300us
    timer b 200us
    go stops
    timer c 40us
    timer d 20us
    park
    wait
goroutine stops
    timerstop b
    timerstop a
