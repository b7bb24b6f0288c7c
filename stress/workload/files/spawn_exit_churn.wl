# Goroutines that end as fast as they are started, so that dead g's are used again, on another p and through
# the global list as well. Looks for a g that is given out twice or still in use.
workload spawn_exit_churn
procs 3
sizes tiny
goroutine main
    loop 3
        go parent 2
        yield
    end
    wait
    expect done 18
goroutine parent
    go child 2
    add done 1
goroutine child
    add done 1
    exit
