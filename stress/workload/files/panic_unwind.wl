# Panics and ends from depth, their deferred calls giving way and panicking themselves.
workload panic_unwind
procs 2
goroutine main
    go diver 2
    go leaver 2
    unwind 5
    wait
    expect n 2
goroutine diver
    unwind 3
    unwind 1
    add n
goroutine leaver
    lock a
    unwind 2
    goexit 4
