# The forced collection at its smallest: when the period is over, sysmon asks the helper for one in the same moment in
# which main gives up the only p, so that the helper begins and parks. A request that is lost is a collection that
# never comes. The first yield is there for the tick of the global queue: what the helper is asked for while it is
# parked comes after the other goroutine's work, when sysmon sleeps. No choice is refused.
workload gc_forced_park
procs 1
sizes tiny
sysmon needed
goroutine main
    yield
    go other
    new keep 0
    work 1000us
    sleep 100us
    yield
goroutine other
    work 310us
