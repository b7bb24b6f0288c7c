# Debtors on every p: each allocates faster than the collector marks, pays, and stands in line, while cycles end and begin
# under them. Whoever joins the line for credit must not be the last to be there.
workload gc_debt
procs 4
sizes tiny
goroutine main
    gcpercent 10
    go debtor 3
    loop 2
        new keep 8
        gc
    end
    wait
goroutine debtor
    loop 3
        new a 8
        new b 8
        link a 0 b
        big c 1024
    end
    look a
