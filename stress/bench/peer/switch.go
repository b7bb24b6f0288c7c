// SPDX-License-Identifier: Apache-2.0

// What switch.c measures, as far as Go offers it: between two goroutines there is Gosched alone, by
// the global queue; g0 cannot be reached.
package main

import (
	"runtime"
	"syscall"
)

func toEachOther() {
	for i := 0; i < batch/2; i++ {
		runtime.Gosched()
	}
}

func bareCalls() {
	for i := 0; i < batch; i++ {
		syscall.RawSyscall(syscall.SYS_GETPID, 0, 0, 0)
	}
}

func switches() {
	go func() {
		for {
			runtime.Gosched()
		}
	}()
	measure("switch.g_to_g", "", toEachOther, batch, cpuNs)
	measure("switch.syscall_round_trip", "", systemCalls, batch, cpuNs)
	measure("switch.bare_call", "", bareCalls, batch, cpuNs)
}
