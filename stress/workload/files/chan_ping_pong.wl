# Two goroutines hand a value back and forth without a buffer: each operation meets a waiting
# partner, or waits for one.
workload chan_ping_pong
procs 2
goroutine main
    chan there 0
    chan back 0
    go echo
    loop 6
        send there
        recv back
    end
    close there
    wait
goroutine echo
    loop 6
        recv there
        send back
    end
    recv there
