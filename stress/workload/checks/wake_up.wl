# The wake-up protocol at its smallest: main's yield starts a thread that looks for work and finds none; while it
# is about to sleep as the last that does, main submits a goroutine, and then computes, so that only a wake-up helps.
workload wake_up
procs 2
sizes tiny
goroutine main
    yield
    go worker
    work 50us
    wait
goroutine worker
