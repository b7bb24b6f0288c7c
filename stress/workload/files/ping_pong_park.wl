# Two goroutines hand one permit to and fro. Looks for wake-ups lost between the decision to park
# and the park, and for a g made ready on two p's at once.
workload ping_pong_park
procs 2
sizes tiny
goroutine main
    go ping
    go pong
    wait
goroutine ping
    loop 4
        ready pong
        park
    end
goroutine pong
    loop 4
        park
        ready ping
    end
