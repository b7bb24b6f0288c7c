# A wait group that several wait for, used again.
workload lock_group
procs 3
goroutine main
    wgadd first 3
    wgadd second 2
    go doer 3
    go waiter 2
    wgwait first
    get a
    wgwait second
    get b
    wait
    expect n 3
goroutine doer
    add n
    lock l
    set a 1
    unlock l
    wgdone first
goroutine waiter
    wgwait first
    get a
    lock l
    set b 1
    unlock l
    wgdone second
