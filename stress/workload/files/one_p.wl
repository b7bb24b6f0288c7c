# Everything on a single p: system calls that come back to nobody, sleeps, turns by request, a stopped world. Looks
# for a false "all goroutines are asleep", and for a p that is on its way to nowhere.
workload one_p
procs 1
sizes tiny
goroutine main
    go caller 2
    syscall 90us
    sleep 10us
    go caller
    busy 50us
    stw x
    stats
    wait
goroutine caller
    syscall 30us
    yield
    blockcall 10us
    lockthread
    syscall 60us
    unlockthread
