# Descriptors closed while goroutines wait for them, and their slots opened again at once: who waits comes back,
# and gets nothing of the next one.
workload close_waiter
procs 2
sizes tiny
goroutine main
    pair p
    go reader 2
    go closer
    pair q
    write q 3
    read q 3
    wait
goroutine reader
    read p 5
goroutine closer
    yield
    hangup p
    pair r
    write r 2
    read r 2
    hangupback p
    hangup r
    hangupback r
