# Stores of nothing over nothing, over objects, and of objects over nothing, while another marks: the buffers of the write
# barrier fill with each, and are flushed when they are full, when a p is asked, and when its worker has nothing else.
workload gc_unlink
procs 2
sizes tiny
goroutine main
    new a 4
    go collector
    loop 6
        unlink a 0
        unlink a 1
        unlink a 2
        new b 0
        link a 3 b
        unlink a 0
        unlink a 1
        look a
    end
    wait
goroutine collector
    loop 4
        gc
        yield
    end
