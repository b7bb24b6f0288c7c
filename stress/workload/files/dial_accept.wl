# Connections over a listener: dialled, accepted, used both ways, closed. With --faults all a refused connection
# leaves its partner waiting: that deadlock is the program's.
workload dial_accept
procs 2
sizes tiny
goroutine main
    listen l
    go server
    dial l a
    write a 3
    readback a 2
    hangupback a
    wait
goroutine server
    accept l a
    go client
    read a 3
    writeback a 2
    hangup a
    accept l b
    hangup b
    hangup l
goroutine client
    dial l b
    readback b 1
    hangupback b
