# Allocates faster than the collector marks: goroutines pay by marking, wait for credit, and end with what is left
# of it. Nobody may be left waiting when the cycle is over.
workload gc_assist
procs 2
sizes tiny
goroutine main
    gcpercent 10
    new list 2
    go eater 3
    loop 24
        new node 2
        load next list 0
        link node 0 next
        link list 0 node
    end
    wait
    loop 24
        load list list 0
        look list
    end
goroutine eater
    loop 8
        new list 8
        new node 8
        link list 7 node
        big bytes 600
    end
    look list
    look bytes
