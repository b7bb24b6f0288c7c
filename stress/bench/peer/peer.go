// SPDX-License-Identifier: Apache-2.0

// The figures of native.c, heap.c, sync.c, net.c and switch.c, asked of Go. The first line names the peer. Run by
// `gauntlet bench` with `go run`, when there is a Go.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// Processor time of the process in seconds, as native.c takes it: the collector's share is in it.
func cpu() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) * 1e-9
}

var start = time.Now()

func wall() float64 {
	return time.Since(start).Seconds()
}

type clock struct {
	now       func() float64
	unit      string
	perSecond float64
}

var (
	cpuNs  = clock{cpu, "ns", 1e9}
	cpuMs  = clock{cpu, "ms", 1e3}
	wallNs = clock{wall, "ns", 1e9}
	wallUs = clock{wall, "us", 1e6}
	wallMs = clock{wall, "ms", 1e3}
)

var (
	seconds float64
	slices  int
)

// `first`: empty, or the name under which the first batch counts. `count`: operations of a batch.
func measure(name, first string, run func(), count int, c clock) {
	figure := func(begin float64, batches int) float64 {
		return (c.now() - begin) * c.perSecond / float64(batches*count)
	}
	begin := c.now()
	run()
	if first != "" {
		fmt.Printf("%s %s %.6g\n", first, c.unit, figure(begin, 1))
	}
	fmt.Print(name, " ", c.unit)
	for i := 0; i < slices; i++ {
		begin, batches := c.now(), 0
		for batches == 0 || c.now()-begin < seconds {
			run()
			batches++
		}
		fmt.Printf(" %.6g", figure(begin, batches))
	}
	fmt.Println()
}

func main() {
	groups := map[string]func(){"native": native, "heap": heap, "heap_large": heapLarge,
		"sync": syncGroup, "net": descriptors, "switch": switches}
	if len(os.Args) != 4 || groups[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: peer GROUP SECONDS COUNT")
		os.Exit(2)
	}
	var err, err2 error
	seconds, err = strconv.ParseFloat(os.Args[2], 64)
	slices, err2 = strconv.Atoi(os.Args[3])
	if err != nil || err2 != nil {
		fmt.Fprintln(os.Stderr, "peer: SECONDS COUNT expected")
		os.Exit(2)
	}
	runtime.GOMAXPROCS(1)
	fmt.Println("peer", runtime.Version())
	groups[os.Args[1]]()
}
