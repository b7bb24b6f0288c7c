# Slots and numbers of descriptors used again and again by three goroutines, with data on the way.
workload reuse
procs 2
sizes tiny
goroutine main
    go one
    go two
    go three
    wait
goroutine one
    loop 3
        pair a
        write a 3
        read a 3
        hangup a
        hangupback a
    end
goroutine two
    loop 3
        pipe b
        go two_writes
        read b 2
        hangupback b
        hangup b
    end
goroutine two_writes
    write b 2
goroutine three
    loop 2
        pipe c
        deadline c 3us
        read c 1
        nodeadline c
        write c 1
        read c 1
        hangup c
        hangupback c
    end
