# A select that two senders may serve at the same moment.
workload select_two
procs 2
goroutine main
    chan a 0
    chan b 0
    go first
    go second
    loop 2
        case_recv a
        case_recv b
        select
    end
goroutine first
    send a
goroutine second
    send b
