# A long system call, and goroutines in the queue of the p that it has left: somebody comes for them,
# although the other p has work of its own all the time.
workload fair_syscall
procs 2
sizes tiny
sysmon needed
goroutine main
    go caller
    loop 3000
        yield
    end
    wait
goroutine caller
    yield
    go leaf 2
    syscall 700us
goroutine leaf
    add done
