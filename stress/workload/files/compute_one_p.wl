# On one p a computation keeps all others waiting until sysmon finds that its time slice is over and has it
# interrupted; one is asked before, where it cannot give way. Looks for a request that never reaches whom it is
# for.
workload compute_one_p
procs 1
sizes tiny
sysmon needed
goroutine main
    go burner
    go short 2
    compute 300us
    wait
goroutine burner
    work 150us
    compute 500us
    yield
goroutine short
    yield
    add done
