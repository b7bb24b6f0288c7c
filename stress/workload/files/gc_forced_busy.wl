# The period of forced collections is over in the moment in which the only p, which has computed so far, is given up:
# sysmon asks for one while the goroutine that helps to start it is about to park, or has not begun. A request that
# nobody remembers is a collection that never comes.
workload gc_forced_busy
procs 1
sizes tiny
sysmon needed
goroutine main
    go other
    new keep 1
    work 1ms
    sleep 100us
    yield
goroutine other
    work 310us
