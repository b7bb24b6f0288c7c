# The number of p's goes from 1 to 64 and back, with the sizes of programs, while more goroutines
# compute than there are p's, and others sleep, call, grow and end. Looks for goroutines, timers and
# dead g's lost with a p that goes, and for m's and p's left behind when dozens come and go at once.
workload procs_storm
procs 1
sizes prod
goroutine main
    go worker 40
    go caller 2
    setprocs 64
    sleep 60us
    setprocs 1
    wait
    expect done 42
goroutine worker
    go leaf
    work 50us
    sleep 5us
    add done
goroutine caller
    syscall 30us
    deep 40
    add done
goroutine leaf
    yield
