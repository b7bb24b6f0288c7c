# Everybody sleeps, then one works for long, again and again: threads, the poller and sysmon go to sleep and
# have to come back. Looks for a sysmon that sleeps while goroutines run, and for timers that nobody waits for.
workload idle_and_back
procs 2
sizes tiny
goroutine main
    go sleeper 2
    loop 2
        sleep 50us
        busy 100us
    end
    wait
goroutine sleeper
    loop 2
        sleep 60us
        syscall 90us
        yield
    end
