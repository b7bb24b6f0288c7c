# The goroutine that allocates first computes from then on and meets nobody, until the period of forced collections is
# over more than once: what it has left behind for the others is all that they know.
workload gc_forced_alone
procs 2
sizes tiny
sysmon needed
goroutine main
    loop 2
        new keep 1
        work 1200us
        point
        look keep
    end
