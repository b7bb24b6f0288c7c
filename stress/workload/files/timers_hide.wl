# Timers behind the first one are moved, by a goroutine that then computes, while the other thread looks at the
# heap for the last time before it sleeps: the first one must be seen at every moment.
workload timers_hide
procs 2
sizes tiny
goroutine main
    timer t 30us
    timer far 500us
    go hides
    park
    wait
goroutine hides
    timerreset far 400us
    timerreset far 300us
    work 100us
