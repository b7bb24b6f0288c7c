# The end of marking at its smallest: a goroutine takes the only pointer to an object out of the heap while another
# collects, so that one p's stores alone know of it. Marking must not end before they have been asked for. Checked with
# at most 1 preemption.
workload gc_mark_end
procs 2
sizes tiny
goroutine main
    new a 1
    new b 0
    link a 0 b
    drop b
    go marker
    yield
    yield
    load b a 0
    unlink a 0
    look b
    wait
    look b
goroutine marker
    gc
