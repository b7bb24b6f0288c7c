# Goroutines leave their p's behind in system calls, short and long, while others wait for a p. Looks for
# a p that two threads have after the return, for one that nobody takes back, and for goroutines left
# behind with it.
workload syscall_handoff
procs 2
sizes tiny
goroutine main
    go caller 3
    syscall 0us
    yield
    syscall 90us
    go caller
    wait
goroutine caller
    syscall 0us
    yield
    syscall 30us
    go leaf
    syscall 150us
goroutine leaf
