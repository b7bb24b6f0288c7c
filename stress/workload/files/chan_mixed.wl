# The same goroutines wait in selects and on one channel, in turns: what one kind of waiting leaves
# in a goroutine, or in the records that it gives back, must not matter to the other.
workload chan_mixed
procs 2
goroutine main
    chan a 0
    chan b 0
    chan never 0
    go mixed 2
    loop 4
        send a
        recv b
    end
    wait
goroutine mixed
    loop 2
        case_recv a
        case_recv never
        select
        send b
    end
