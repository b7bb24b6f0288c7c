# Goroutines are started and their starter yields, again and again, while a thread gives up looking for
# work; some of them compute for long. Looks for a yielder left in the global queue beside an idle p.
workload yield_into_work
procs 2
sizes tiny
goroutine main
    loop 4
        go quick
        yield
        go worker
        yield
    end
    wait
goroutine quick
goroutine worker
    work 100us
