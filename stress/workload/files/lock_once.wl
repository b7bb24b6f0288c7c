# Several want something done once, and use it at once.
workload lock_once
procs 3
goroutine main
    go user 4
    once init made
    wait
    expect made 1
goroutine user
    once init made
    get made
