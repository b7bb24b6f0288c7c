# The end of marking at its smallest: one goroutine moves the only pointer to an object while another collects. Marking
# must not end while a p has told of it and nobody has looked.
workload gc_mark_end
procs 2
sizes tiny
goroutine main
    new a 1
    new b 0
    link a 0 b
    drop b
    go marker
    load b a 0
    unlink a 0
    look b
    wait
    look b
goroutine marker
    gc
