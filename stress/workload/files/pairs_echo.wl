# Two goroutines that send each other messages over a socket pair, a third that computes. Looks for readiness
# that is lost between a look and a park, or while nobody polls.
workload pairs_echo
procs 2
sizes tiny
goroutine main
    pair p
    go echo
    go computes
    loop 3
        write p 4
        readback p 4
    end
    wait
goroutine echo
    loop 3
        read p 4
        writeback p 4
    end
goroutine computes
    busy 20us
    sleep 5us
    busy 5us
