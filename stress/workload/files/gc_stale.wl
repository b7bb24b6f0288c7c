# Words of a stack that point to slots which were freed, row by row, and are handed out again one after the other by
# several, while the collector goes along these words.
workload gc_stale
procs 3
sizes tiny
goroutine main
    go pointer
    wait
goroutine pointer
    loop 2
        new a 1
        new b 1
        new c 1
        new d 1
        new e 1
        new f 1
        new g 1
        new h 1
        new i 1
        new j 1
        new k 1
        new l 1
        new m 1
        new n 1
        new o 1
        hide a
        hide b
        hide c
        hide d
        hide e
        hide f
        hide g
        hide h
        hide i
        hide j
        hide k
        hide l
        hide m
        hide n
        hide o
        gc
        stale a
        stale b
        stale c
        stale d
        stale e
        stale f
        stale g
        stale h
        stale i
        stale j
        stale k
        stale l
        stale m
        stale n
        stale o
        go maker 4
        gc
    end
goroutine maker
    yield
    loop 4
        new x 1
        yield
    end
