# Each timer is due before those of before, again and again, so whoever sleeps until the first of them is called
# out, looks, and sleeps anew while the next one comes. Looks for one who is not called out a second time.
workload timers_sooner
procs 2
sizes tiny
goroutine main
    go sooner
    wait
goroutine sooner
    timer a 400us
    work 5us
    timer b 300us
    timer c 200us
    timer d 100us
    work 250us
    timer e 90us
    timer f 60us
    timer g 30us
    work 100us
