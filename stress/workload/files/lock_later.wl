# A mutex that timers unlock, on the scheduler's stack, while others wait for it, some for so long that it is handed over to
# them. Looks for what an unlock may do on a goroutine's stack only.
workload lock_later
procs 3
sizes tiny
goroutine main
    go holder 2
    go barger
    wait
goroutine holder
    loop 2
        lock a
        set under 1
        unlocklater a 25us
    end
goroutine barger
    loop 4
        trylock a
        unlocklater a 25us
        sleep 25us
    end
