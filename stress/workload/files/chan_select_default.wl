# Who does not wait: selects with a default, tries, and a buffer that is full or empty just then.
workload chan_select_default
procs 2
goroutine main
    chan box 1
    chan quick 0
    go poller 2
    go server
    loop 4
        trysend box
        tryrecv box
        case_recv quick
        otherwise
        select
    end
    close quick
    wait
goroutine poller
    loop 3
        case_recv box
        case_send box
        otherwise
        select
        tryrecv quick
    end
goroutine server
    loop 3
        case_recv quick
        case_recv box
        otherwise
        select
        yield
    end
