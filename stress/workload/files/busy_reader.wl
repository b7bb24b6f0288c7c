# A reader beside goroutines that keep all p's busy: nobody finds time to poll but sysmon.
workload busy_reader
procs 2
sizes tiny
goroutine main
    pair p
    go reader
    go computes 2
    yield
    write p 2
    readback p 1
    wait
goroutine reader
    read p 2
    writeback p 1
goroutine computes
    busy 40us
