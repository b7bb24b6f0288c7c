# Objects that stacks alone refer to change hands once, while a collection goes from stack to stack: those who receive
# have been looked at already, those who give are looked at when they have nothing any more. Given to who waits, and
# taken from who waits, with and without a select.
workload gc_handover
procs 2
goroutine main
    chan early 0
    chan late 0
    go taker 4
    go waiter 2
    go chooser 2
    go maker 3
    go offerer 4
    yield
    gc
    yield
    gc
    wait
goroutine waiter
    loop 2
        take x early
        yield
        look x
    end
goroutine chooser
    case_take x early
    case_take x never
    select
    yield
    look x
goroutine taker
    loop 2
        yield
        yield
        take x late
        yield
        look x
    end
goroutine maker
    loop 2
        new x 0
        yield
        yield
        case_give early x
        select
        drop x
    end
goroutine offerer
    loop 2
        new x 0
        give late x
        drop x
        yield
    end
