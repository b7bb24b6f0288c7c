# Computations that no point interrupts, and all who make them give way by a signal: a collection, somebody
# who stops the world, one who suspends, one who asks by hand, and the time slice. Looks for signals that come
# too late, where nothing may be interrupted, or to a thread that does something else by then.
workload compute_signals
procs 2
sizes tiny
goroutine main
    go burner 2
    suspend burner
    gc
    preempt burner#2
    stw x
    compute 30us
    wait
goroutine burner
    compute 300us
    syscall 20us
    preempt main
    compute 20us
