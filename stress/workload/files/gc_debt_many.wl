# More debtors than p's, each of whom owes again as soon as it has paid: whoever finds nothing left to mark meets
# others who pay, and those who stand in line for credit, when marking is over.
workload gc_debt_many
procs 4
sizes tiny
goroutine main
    gcpercent 10
    go debtor 6
    wait
goroutine debtor
    loop 3
        big a 2048
        new b 8
        link b 0 b
    end
