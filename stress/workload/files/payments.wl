# The payment graph, small: clients over connections, an index that publishes, a collection, and a
# look at everything (stress/payments). Good for stores of pointers into a graph that is marked
# meanwhile, locks and channels under load, and peers that drop out.
workload payments
procs 2
sizes tiny
goroutine main
    gcpercent 400
    go server
    go client
    go payer
    call payments_index
    gc
    wait
    call payments_check
goroutine client
    call payments_client 2
goroutine server
    call payments_serve
goroutine payer
    call payments_pay 2
    call payments_index 2
