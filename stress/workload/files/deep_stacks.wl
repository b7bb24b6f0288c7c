# Stacks grow on several p's, goroutines wait with deep stacks, others take what is unused away from them,
# and what dies leaves its stack to the next. Looks for a stack that two own, that loses what is in use,
# or that is not whole when it is used again. Small, because under the engine a growth costs as much as
# many points.
workload deep_stacks
procs 3
sizes tiny
goroutine main
    go diver 2
    yield
    shrink diver
    shrink diver#2
    ready diver
    ready diver#2
    go leaf
    wait
    expect done 3
goroutine diver
    deep 40
    park
    add done
goroutine leaf
    deep 40
    add done
