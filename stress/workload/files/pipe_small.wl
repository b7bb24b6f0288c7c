# More bytes than a pipe holds: writer and reader wait for each other in turns. Two writers stand in line.
workload pipe_small
procs 2
sizes tiny
goroutine main
    pipe p
    go writer 2
    read p 200
    wait
goroutine writer
    write p 100
