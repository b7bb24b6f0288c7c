# Goroutines that select are woken by a close, or served at the same moment.
workload chan_select_close
procs 3
goroutine main
    chan stop 0
    chan work 0
    go worker 2
    case_send work
    otherwise
    select
    yield
    close stop
    wait
goroutine worker
    case_recv work
    case_recv stop
    select
    case_recv stop
    case_recv work
    select
