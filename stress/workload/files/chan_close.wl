# A channel is closed while some wait to receive, some are about to, and one comes too late to send.
workload chan_close
procs 3
goroutine main
    chan end 1
    chan late 0
    go waiter 3
    go sender
    go blocked 2
    yield
    close end
    close late
    close end
    wait
goroutine waiter
    recv end
    recv end
goroutine sender
    send end
    trysend end
goroutine blocked
    send late
