# The forced collection at its smallest: the period is over while the helper that would start one parks after the last.
# A request that is lost is a collection that never comes.
workload gc_forced_park
procs 1
sizes tiny
goroutine main
    gc
    sleep 3ms
