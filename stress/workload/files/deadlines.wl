# Deadlines that strike, are moved while somebody waits, to later and to the past, and are taken away.
workload deadlines
procs 2
sizes tiny
goroutine main
    pair p
    go waits
    go moves
    deadline p 10us
    read p 1
    nodeadline p
    writeback p 1
    hangup p
    wait
goroutine waits
    readback p 1
goroutine moves
    pair q
    deadline q 50us
    go waits_long
    sleep 5us
    deadline q 0ns
    sleep 5us
    deadline p 0ns
    nodeadline q
    write q 1
    hangupback q
goroutine waits_long
    read q 1
    yield
    deadline q 20us
    read q 1
