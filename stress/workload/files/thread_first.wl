# Goroutines are tied to their threads when they are back from calls, at the same moment, and none was before: threads are
# started just when others find no p and go to sleep. Looks for threads that are miscounted as they come.
workload thread_first
procs 1
sizes tiny
goroutine main
    go caller 3
    wait
goroutine caller
    blockcall 10us
    lockthread
    blockcall 5us
    unlockthread
