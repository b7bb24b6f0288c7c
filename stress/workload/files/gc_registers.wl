# What a goroutine holds in a register alone, while it gives way, waits, sits in a system call, or works: a collection
# finds it where the register was put.
workload gc_registers
procs 2
sizes tiny
goroutine main
    go holder 2
    loop 4
        gc
    end
    wait
goroutine holder
    new a 0
    new b 0
    loop 3
        hold a
        busy 5us
        hold b
        yield
        hold a
        compute 5us
        hold b
        syscall 5us
        look a
        look b
    end
