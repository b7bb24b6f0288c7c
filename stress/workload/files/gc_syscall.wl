# Goroutines hold objects on their stacks through system calls: their p's are taken from them, their stacks scanned
# where they lie, and they come back while the world is stopped, or a phase further.
workload gc_syscall
procs 2
sizes tiny
goroutine main
    go caller
    go blocker
    new x 1
    new y 0
    link x 0 y
    drop y
    gc
    syscall 30us
    load y x 0
    look y
    gc
    look x
    wait
goroutine caller
    loop 2
        new a 1
        new b 0
        link a 0 b
        drop b
        syscall 20us
        load b a 0
        unlink a 0
        syscall 10us
        look a
        look b
    end
goroutine blocker
    new a 2
    blockcall 40us
    look a
    new b 1
    link a 1 b
    drop b
    blockcall 10us
    load b a 1
    look b
