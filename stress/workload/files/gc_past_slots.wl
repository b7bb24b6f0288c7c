# Words of stacks that point behind objects, into slots that are free, and that goroutines which come and go take up
# while these stacks are looked at.
workload gc_past_slots
procs 2
sizes tiny
goroutine main
    go pointer
    loop 5
        gc
    end
    wait
goroutine pointer
    loop 10
        new a 2
        new b 3
        new c 5
        new d 7
        past a
        past b
        past c
        past d
        go maker
        point
        yield
    end
goroutine maker
    new a 2
    new b 3
    new c 5
    new d 7
    link a 0 b
    link b 2 c
    link c 4 d
    look a
    look c
