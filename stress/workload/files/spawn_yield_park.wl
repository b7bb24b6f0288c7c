# A bit of everything that the scheduler does without timers: eight goroutines are started, yield, park
# and are made ready again. The yardstick for speed, and the first place to look for any bug.
workload spawn_yield_park
procs 3
sizes tiny
goroutine main
    go worker 3
    go partner
    yield
    ready worker#2
    ready partner
    wait
goroutine worker
    loop 2
        yield
    end
    go leaf
    park
    yield
goroutine leaf
    yield
    ready worker
    ready worker#3
goroutine partner
    park
    yield
