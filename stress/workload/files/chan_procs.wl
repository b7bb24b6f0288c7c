# p's come and go while goroutines wait in channels: what p's keep for waiting goes with them.
workload chan_procs
procs 4
goroutine main
    chan c 0
    go sender 4
    loop 3
        setprocs 1
        recv c
        setprocs 4
        recv c
    end
    recv c
    recv c
    wait
goroutine sender
    send c
    send c
