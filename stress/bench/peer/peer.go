// SPDX-License-Identifier: Apache-2.0

// What native.c measures, asked of Go: the same names, the same counts, one P. Go has no public
// park and ready, so an unbuffered channel stands for them; it also has no way to switch to g0 and
// back, so that row is missing. The first line names the peer.
//
// Run by `gauntlet bench` with `go run`, when there is a Go.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

const (
	batch = 10000
	group = 100
)

var there, back = make(chan struct{}), make(chan struct{})

func nothing() {}

func yields() {
	for i := 0; i < batch; i++ {
		runtime.Gosched()
	}
}

func lives() {
	for i := 0; i < batch/group; i++ {
		for k := 0; k < group; k++ {
			go nothing()
		}
		runtime.Gosched()
	}
}

func livesOneByOne() {
	for i := 0; i < batch; i++ {
		go nothing()
		runtime.Gosched()
	}
}

func roundTrips() {
	for i := 0; i < batch; i++ {
		there <- struct{}{}
		<-back
	}
}

// Processor time of the process in seconds, as native.c takes it: the collector's share is in it.
func now() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) * 1e-9
}

func measure(name string, seconds float64, slices int, run func()) {
	fmt.Print(name, " ns")
	run()
	for i := 0; i < slices; i++ {
		begin, batches := now(), 0
		for now()-begin < seconds {
			run()
			batches++
		}
		fmt.Printf(" %.6g", (now()-begin)*1e9/float64(batches*batch))
	}
	fmt.Println()
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: peer SECONDS COUNT")
		os.Exit(2)
	}
	seconds, err := strconv.ParseFloat(os.Args[1], 64)
	slices, err2 := strconv.Atoi(os.Args[2])
	if err != nil || err2 != nil {
		fmt.Fprintln(os.Stderr, "peer: SECONDS COUNT expected")
		os.Exit(2)
	}
	runtime.GOMAXPROCS(1)
	go func() {
		for {
			<-there
			back <- struct{}{}
		}
	}()
	fmt.Println("peer", runtime.Version())
	measure("native.yield", seconds, slices, yields)
	measure("native.spawn_and_finish", seconds, slices, lives)
	measure("native.spawn_yield_finish", seconds, slices, livesOneByOne)
	measure("native.park_ready_round_trip", seconds, slices, roundTrips)
}
