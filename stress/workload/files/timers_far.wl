# A far timer is left when a near one has fired, and the next near one is started at that moment, by a goroutine that then
# computes: whoever goes to sleep until the far one must hear of it. Looks for a time to sleep until that is out of date.
workload timers_far
procs 2
sizes tiny
goroutine main
    timer far 900us
    loop 8
        timer a 5us
        work 5us
        timer b 5us
        work 40us
    end
