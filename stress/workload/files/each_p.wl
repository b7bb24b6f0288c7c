# Every p is asked to run a function, again and again, while p's run, idle, sit in system calls and are handed
# on. Looks for a p that is asked twice, or never and waited for.
workload each_p
procs 3
sizes tiny
goroutine main
    go worker 2
    stats
    go worker
    syscall 10us
    stats
    stw x
    wait
goroutine worker
    syscall 5us
    stats
    blockcall 5us
    yield
    work 10us
