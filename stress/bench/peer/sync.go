// SPDX-License-Identifier: Apache-2.0

// What sync.c measures, asked of Go: the same names, counts, number of P's and clocks.
package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

const slots = 128

var (
	thereWord, backWord = make(chan uint64), make(chan uint64)
	stream              = make(chan uint64, slots)
	fan                 [8]chan uint64
	mutex               sync.Mutex
	counter             uint64
	stopContender       int32
)

func wordRoundTrips() {
	for i := 0; i < batch; i++ {
		thereWord <- 1
		<-backWord
	}
}

func drain() {
	for i := 0; i < batch; i++ {
		<-stream
	}
}

func selects() {
	for i := 0; i < batch; i++ {
		select {
		case <-fan[0]:
		case <-fan[1]:
		case <-fan[2]:
		case <-fan[3]:
		case <-fan[4]:
		case <-fan[5]:
		case <-fan[6]:
		case <-fan[7]:
		}
	}
}

func lockAndUnlock() {
	for i := 0; i < batch; i++ {
		mutex.Lock()
		counter++
		mutex.Unlock()
	}
}

func startContender() {
	runtime.GOMAXPROCS(2)
	atomic.StoreInt32(&stopContender, 0)
	go func() {
		for atomic.LoadInt32(&stopContender) == 0 {
			mutex.Lock()
			counter++
			mutex.Unlock()
		}
		atomic.StoreInt32(&stopContender, 2)
	}()
}

func endContender() {
	atomic.StoreInt32(&stopContender, 1)
	for atomic.LoadInt32(&stopContender) != 2 {
		runtime.Gosched()
	}
	runtime.GOMAXPROCS(1)
}

//go:noinline
func recoverIt() {
	recover()
}

//go:noinline
func panicOnce() {
	defer recoverIt()
	panic("bench")
}

func recoveries() {
	for i := 0; i < batch; i++ {
		panicOnce()
	}
}

//go:noinline
func deferOnce() {
	defer recoverIt()
}

func deferredCalls() {
	for i := 0; i < batch; i++ {
		deferOnce()
	}
}

func onTwo(name string, run func()) {
	runtime.GOMAXPROCS(2)
	measure(name, "", run, batch, wallNs)
	runtime.GOMAXPROCS(1)
}

func syncGroup() {
	for i := range fan {
		fan[i] = make(chan uint64)
	}
	go func() {
		for {
			backWord <- <-thereWord
		}
	}()
	go func() {
		for {
			stream <- 1
		}
	}()
	go func() {
		for i := 0; ; i = (i + 1) % len(fan) {
			fan[i] <- 1
		}
	}()
	measure("sync.unbuffered_round_trip", "", wordRoundTrips, batch, cpuNs)
	onTwo("sync.unbuffered_round_trip_2p", wordRoundTrips)
	measure("sync.buffered_stream", "", drain, batch, cpuNs)
	onTwo("sync.buffered_stream_2p", drain)
	measure("sync.select_8", "", selects, batch, cpuNs)
	measure("sync.mutex", "", lockAndUnlock, batch, cpuNs)
	startContender()
	measure("sync.mutex_contended_2p", "", lockAndUnlock, batch, wallNs)
	endContender()
	measure("sync.deferred_call", "", deferredCalls, batch, cpuNs)
	measure("sync.panic_and_recover", "", recoveries, batch, cpuNs)
}
