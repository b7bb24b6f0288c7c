// SPDX-License-Identifier: Apache-2.0

// What net.c measures, asked of Go. Its function timers start a goroutine each when they fire.
package main

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	timers = 100000
	echoes = 1000
)

var (
	timer [timers]*time.Timer
	fired atomic.Int32
	done  sync.WaitGroup
)

func countOne() {
	if fired.Add(1) == timers {
		done.Done()
	}
}

func farAway(i uint32) time.Duration {
	return time.Hour + time.Duration(i*2654435761%timers)*time.Microsecond
}

func startAll() {
	for i := range timer {
		timer[i] = time.AfterFunc(farAway(uint32(i)), countOne)
	}
}

func stopAll() {
	for i := range timer {
		timer[i].Stop()
	}
}

// Made once, as the C program's timers are.
func startAndStop() {
	for i := range timer {
		timer[i].Reset(farAway(uint32(i)))
	}
	stopAll()
}

var moves uint32

func moveAll() {
	moves++
	for i := range timer {
		timer[i].Reset(farAway(uint32(i) + moves*7919))
	}
}

func fireAll() {
	fired.Store(0)
	done.Add(1)
	for i := range timer {
		timer[i].Reset(time.Duration(uint32(i) * 2654435761 % timers))
	}
	done.Wait()
}

func pair() (net.Conn, net.Conn) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		panic(err)
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		ends[i], err = net.FileConn(os.NewFile(uintptr(fd), "end"))
		if err != nil {
			panic(err)
		}
	}
	return ends[0], ends[1]
}

func descriptors() {
	startAll()
	stopAll()
	measure("net.timer_start_stop_100000", "", startAndStop, timers, cpuNs)
	startAll()
	measure("net.timer_move_100000", "", moveAll, timers, cpuNs)
	stopAll()
	measure("net.timer_fire_100000", "", fireAll, timers, cpuNs)
	near, far := pair()
	go func() {
		b := make([]byte, 1)
		for {
			if n, _ := far.Read(b); n != 1 {
				return
			}
			far.Write(b)
		}
	}()
	b := make([]byte, 1)
	measure("net.pair_round_trip", "", func() {
		for i := 0; i < echoes; i++ {
			near.Write(b)
			near.Read(b)
		}
	}, echoes, cpuNs)
	near.Close()
}
