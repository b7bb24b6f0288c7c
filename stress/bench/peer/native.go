// SPDX-License-Identifier: Apache-2.0

// What native.c measures, asked of Go: the same names, the same counts, the same number of P's, the
// same clocks. Go has no public park and ready, so an unbuffered channel stands for them, and
// closing one releases who waits for it. It has no way to switch to g0 and back, nor to stop the
// world for its own sake, so those rows are missing.
package main

import (
	"runtime"
	"sync/atomic"
	"syscall"
)

const (
	batch  = 10000
	group  = 100
	stops  = 10
	live   = 1000
	parked = 100000
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

func systemCalls() {
	for i := 0; i < batch; i++ {
		syscall.Syscall(syscall.SYS_GETPID, 0, 0, 0)
	}
}

var stop, running int32

func startYielders() {
	runtime.GOMAXPROCS(2)
	atomic.StoreInt32(&stop, 0)
	atomic.StoreInt32(&running, live)
	for i := 0; i < live; i++ {
		go func() {
			for atomic.LoadInt32(&stop) == 0 {
				runtime.Gosched()
			}
			atomic.AddInt32(&running, -1)
		}()
	}
}

func endYielders() {
	runtime.GOMAXPROCS(2)
	atomic.StoreInt32(&stop, 1)
	for atomic.LoadInt32(&running) != 0 {
		runtime.Gosched()
	}
}

// Each change of the number stops the world.
func worldStops() {
	for i := 0; i < stops/2; i++ {
		runtime.GOMAXPROCS(3)
		runtime.GOMAXPROCS(2)
	}
}

var (
	arrived int32
	all     = make(chan struct{})
)

func arrive() {
	if atomic.AddInt32(&arrived, 1) == parked {
		all <- struct{}{}
	}
}

// Made by one goroutine a P until all wait, released until all have ended.
func parkMany() {
	release := make(chan struct{})
	atomic.StoreInt32(&arrived, 0)
	makers := runtime.GOMAXPROCS(0)
	for m := 0; m < makers; m++ {
		go func(n int) {
			for i := 0; i < n; i++ {
				go func() {
					arrive()
					<-release
					arrive()
				}()
			}
		}((m+1)*parked/makers - m*parked/makers)
	}
	<-all
	atomic.StoreInt32(&arrived, 0)
	close(release)
	<-all
}

func native() {
	go func() {
		for {
			<-there
			back <- struct{}{}
		}
	}()
	measure("native.yield", "", yields, batch, cpuNs)
	measure("native.spawn_and_finish", "", lives, batch, cpuNs)
	measure("native.spawn_yield_finish", "", livesOneByOne, batch, cpuNs)
	measure("native.park_ready_round_trip", "", roundTrips, batch, cpuNs)
	measure("native.syscall_round_trip", "", systemCalls, batch, cpuNs)
	startYielders()
	measure("native.stop_the_world_1000", "", worldStops, stops, wallUs)
	endYielders()
	measure("native.parked_100000", "native.parked_100000_first", parkMany, 1, wallMs)
}
