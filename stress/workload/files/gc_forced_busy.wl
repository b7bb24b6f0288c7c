# The period of forced collections is over while the goroutine that helps to start one has not parked yet: the only
# p computes. A request that nobody remembers is a collection that never comes.
workload gc_forced_busy
procs 1
sizes tiny
goroutine main
    new keep 1
    work 1500us
    yield
    sleep 3ms
    look keep
