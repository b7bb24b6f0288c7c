# System calls that hand their p on at once, more of them than p's, returning together. Looks for returns
# that find no p and are forgotten, and for p's that stay idle beside them.
workload blockcall_storm
procs 2
sizes tiny
goroutine main
    go caller 4
    go sleeper 2
    yield
    blockcall 20us
    work 50us
    blockcall 20us
    wait
goroutine caller
    blockcall 20us
    yield
    blockcall 5us
goroutine sleeper
    sleep 30us
    blockcall 5us
    sleep 5us
