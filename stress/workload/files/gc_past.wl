# Words of stacks that point behind objects: into slots that are handed out, freed and handed out again, and into spans
# that are being made, while collections look at these stacks.
workload gc_past
procs 2
sizes tiny
goroutine main
    go pointer 2
    loop 4
        gc
    end
    wait
goroutine pointer
    loop 8
        new a 3
        past a
        new b 3
        link b 0 a
        new c 3
        link c 2 b
        link c 1 c
        yield
        look c
        big d 4096
        past d
        drop b
        drop a
        drop d
    end
