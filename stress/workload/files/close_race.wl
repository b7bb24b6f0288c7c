# A descriptor is closed just when a goroutine begins to wait for it. Looks for the moment between its look at
# the close and its park.
workload close_race
procs 2
sizes tiny
goroutine main
    loop 2
        pair p
        go reader
        hangup p
    end
    wait
goroutine reader
    read p 1
