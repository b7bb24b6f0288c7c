# As gc_stale, with slots of many words: between being somebody's and being whole more has to be written.
workload gc_stale_wide
procs 3
sizes tiny
goroutine main
    go pointer
    wait
goroutine pointer
    loop 2
        new a 8
        new b 8
        new c 8
        new d 8
        new e 8
        new f 8
        new g 8
        new h 8
        new i 8
        new j 8
        new k 8
        new l 8
        new m 8
        new n 8
        new o 8
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
    loop 5
        new x 8
    end
