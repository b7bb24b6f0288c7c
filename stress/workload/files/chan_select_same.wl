# The same channel several times in one select, in both directions: whoever comes may serve any of
# its places, and nobody is to meet itself.
workload chan_select_same
procs 3
goroutine main
    chan c 0
    go both 2
    go sender
    go receiver
    yield
    yield
    close c
    wait
goroutine both
    loop 3
        case_recv c
        case_send c
        case_recv c
        case_send c
        otherwise
        select
        yield
    end
    case_send c
    case_recv c
    case_recv c
    select
goroutine sender
    send c
    trysend c
goroutine receiver
    recv c
    tryrecv c
