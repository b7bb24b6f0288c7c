# A goroutine is submitted beside an idle p, and then its submitter computes: a thread must be started for it, and
# take it. So small that no choice is refused.
workload submit
procs 2
sizes tiny
goroutine main
    go worker
    work 50us
goroutine worker
