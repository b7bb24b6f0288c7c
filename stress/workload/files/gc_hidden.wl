# Pointers that the collector may not find, and memory that shares blocks: what is hidden in an integer ends, although
# its number is still there; what is found by the middle of a block lives.
workload gc_hidden
procs 2
sizes tiny
goroutine main
    new a 2
    new b 1
    link a 0 b
    weak w a
    hide a
    look b
    gc
    tiny 20
    new c 2
    new d 1
    link c 1 d
    weakget a w
    go other
    gc
    look b
    look c
    wait
goroutine other
    big z 70000
    tiny 8
    hide z
    deep 20
    memlimit 65536
    big z 70000
    look z
    memlimit off
