# Selects against each other on two channels, in both directions: two partners may choose the same
# goroutine at the same moment, and locks are taken by several at once.
workload chan_select
procs 3
goroutine main
    chan left 0
    chan right 0
    go chooser 2
    go both
    loop 4
        recv left
        recv right
    end
    wait
goroutine chooser
    loop 3
        case_send right
        case_send left
        select
    end
goroutine both
    loop 2
        case_send left
        case_send right
        case_send left
        select
    end
