# The permit of park and ready at its smallest: it comes before, during or after the park that it is meant for, on
# another thread. A lost one is a deadlock.
workload permit
procs 2
sizes tiny
goroutine main
    go sleeper
    ready sleeper
    wait
goroutine sleeper
    park
