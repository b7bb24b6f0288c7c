# C code in a system call needs more stack than its goroutine has used so far: the stack grows where the goroutine has
# no p, and lies there while collections look at it and take unused stack away from those who have no use for it.
workload deep_calls
procs 2
sizes tiny
goroutine main
    go caller 2
    new x 0
    gc
    deepcall 30
    gc
    look x
    wait
goroutine caller
    new a 0
    loop 2
        deepcall 60
        look a
        yield
    end
