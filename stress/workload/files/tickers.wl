# Two tickers and a goroutine that computes. Each tick must come, on whichever p, until it is stopped.
workload tickers
procs 2
sizes tiny
goroutine main
    ticker t 10us
    go other
    go computes
    park
    park
    timerreset t 5us
    park
    timerstop t
    wait
goroutine other
    ticker u 7us
    loop 3
        park
    end
    timerstop u
goroutine computes
    busy 30us
