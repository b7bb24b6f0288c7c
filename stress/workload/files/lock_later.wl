# A mutex that timers unlock, on the scheduler's stack, while others wait for it, and one comes by just then: who has waited
# long gets it handed over. Looks for what an unlock may do on a goroutine's stack only.
workload lock_later
procs 3
sizes tiny
goroutine main
    go holder 2
    loop 12
        work 25us
        trylock a
        unlocklater a 25us
    end
    wait
goroutine holder
    loop 8
        lock a
        set under 1
        unlocklater a 25us
    end
