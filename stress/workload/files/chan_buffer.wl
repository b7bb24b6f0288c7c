# Several senders and receivers around a buffer of two: full and empty in turns, so that elements go
# through slots, past them, and from who waits into the slot that becomes free.
workload chan_buffer
procs 3
goroutine main
    chan goods 2
    go sender 3
    go receiver 2
    loop 6
        recv goods
    end
    wait
goroutine sender
    loop 4
        send goods
    end
goroutine receiver
    loop 3
        recv goods
    end
