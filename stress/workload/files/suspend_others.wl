# Goroutines make each other stand still in every state: running, waiting, in a queue, in a system call, while
# the world is stopped by another. Looks for two that wait for each other, for one that stops and is never
# let go, and for one that goes on while another looks at it.
workload suspend_others
procs 3
sizes tiny
goroutine main
    go worker 2
    go watcher
    suspend worker
    suspend watcher
    park
    stw x
    suspend worker#2
    wait
goroutine watcher
    suspend worker#2
    suspend main
    ready worker
    suspend worker
    suspend worker#2
goroutine worker
    busy 20us
    syscall 10us
    suspend watcher
    ready main
    sleep 5us
    yield
    busy 20us
