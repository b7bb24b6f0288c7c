# One p produces, all others live from stealing. Looks for races between the owner of a queue and several
# thieves, runnext included.
workload steal_storm
procs 4
sizes tiny
goroutine main
    loop 4
        go job 3
        yield
    end
    wait
    expect done 12
goroutine job
    yield
    add done 1
