# A sender and a receiver of a channel without buffer: who comes second finds the other, or both
# wait.
workload chan_meet
procs 2
goroutine main
    chan c 0
    go sender
    recv c
goroutine sender
    send c
