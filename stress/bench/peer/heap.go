// SPDX-License-Identifier: Apache-2.0

// What heap.c and heap_large.c measure, asked of Go.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	depth      = 16
	spots      = 100000
	words      = 1 << 16
	parallel   = 200000
	large      = 20
	largeBytes = 1 << 20
)

type node struct{ left, right *node }

var sink [3]struct {
	n *node
	b []byte
	p []*byte
}

func smallObjects() {
	for i := 0; i < batch; i++ {
		sink[0].n = new(node)
	}
}

func smallObjectsParallel() {
	var wg sync.WaitGroup
	for k := 1; k <= 2; k++ {
		wg.Add(1)
		go func(at **node) {
			for i := 0; i < parallel; i++ {
				*at = new(node)
			}
			wg.Done()
		}(&sink[k].n)
	}
	wg.Wait()
}

func tree(depth int) *node {
	n := new(node)
	if depth > 0 {
		n.left = tree(depth - 1)
		n.right = tree(depth - 1)
	}
	return n
}

func (n *node) count() int {
	if n.left == nil {
		return 1
	}
	return 1 + n.left.count() + n.right.count()
}

func binaryTrees() {
	sink[0].n = tree(depth)
	for d := 4; d <= depth; d += 4 {
		for i := 0; i < 1<<(depth-d); i++ {
			if tree(d).count() != 2<<d-1 {
				panic("tree")
			}
		}
	}
	if sink[0].n.count() != 2<<depth-1 {
		panic("tree")
	}
	sink[0].n = nil
}

type (
	eight      struct{ _ [8]byte }
	sixteen    struct{ _ [16]byte }
	twentyFour struct{ _ [24]byte }
)

func fill(at []any, from, to int) {
	for i := from; i < to; i++ {
		switch i % 3 {
		case 0:
			at[i] = new(eight)
		case 1:
			at[i] = new(sixteen)
		default:
			at[i] = new(twentyFour)
		}
	}
}

func tinyBoundaries() {
	at := make([]any, spots)
	fill(at, 0, spots)
	for turn := 0; turn < 4; turn++ {
		for i := spots / 4; i < 3*spots/4; i++ {
			at[i] = nil
		}
		fill(at, spots/4, 3*spots/4)
	}
	runtime.KeepAlive(at)
}

func largeObjects() {
	for i := 0; i < large; i++ {
		b := make([]byte, largeBytes)
		b[0] = 1
		sink[0].b = b
	}
}

func largePointerObjects() {
	for i := 0; i < large; i++ {
		sink[0].p = make([]*byte, largeBytes/8)
	}
}

func bulkCopies() {
	for i := 0; i < 10; i++ {
		copy(sink[2].p, sink[1].p)
	}
}

func heap() {
	measure("heap.small_16", "", smallObjects, batch, cpuNs)
	measure("heap.binary_trees_16", "", binaryTrees, 1, cpuMs)
	measure("heap.tiny_boundaries", "", tinyBoundaries, 1, cpuMs)
	measure("heap.large_1MiB", "", largeObjects, large, cpuNs)
	measure("heap.large_1MiB_pointers", "", largePointerObjects, large, cpuNs)
	sink[1].p, sink[2].p = make([]*byte, words), make([]*byte, words)
	for i := range sink[1].p {
		sink[1].p[i] = new(byte)
	}
	measure("heap.copy_64Ki_pointers", "", bulkCopies, 10, cpuNs)
	sink[1].p, sink[2].p = nil, nil
	runtime.GOMAXPROCS(2)
	measure("heap.small_16_parallel", "", smallObjectsParallel, 2*parallel, wallNs)
	runtime.GOMAXPROCS(1)
}

// A large heap --------------------------------------------------------------------------------

const (
	pausesBytes = 1 << 30
	churnTime   = 10 * time.Second
	chunk       = 1 << 10 // nodes that one word keeps
)

type item struct {
	next *item
	_    [6]*item
	key  uint64
}

// Lists of `chunk` items each.
func list() *item {
	var first *item
	for i := 0; i < chunk; i++ {
		first = &item{next: first, key: uint64(i)}
	}
	return first
}

func churn(lists []*item, until time.Time, wg *sync.WaitGroup) {
	for i := 0; time.Now().Before(until); i = (i + 7919) % len(lists) {
		lists[i] = list()
	}
	wg.Done()
}

func pauses() {
	lists := make([]*item, pausesBytes/(64*chunk))
	for i := range lists {
		lists[i] = list()
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	until := time.Now().Add(churnTime)
	for k := 0; k < 2; k++ {
		wg.Add(1)
		go churn(lists[k*len(lists)/2:(k+1)*len(lists)/2], until, &wg)
	}
	wg.Wait()
	runtime.ReadMemStats(&after)
	var us []float64
	for n := after.NumGC; n > before.NumGC; n-- {
		us = append(us, float64(after.PauseNs[(n+255)%256])/1e3)
	}
	sort.Float64s(us)
	fmt.Printf("heap.pause_p99 us %.6g\n", us[len(us)*99/100])
	fmt.Printf("heap.pause_worst us %.6g\n", us[len(us)-1])
	runtime.KeepAlive(lists)
}

func residentMiB() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(text), "\n") {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kib, _ := strconv.ParseFloat(f[1], 64)
			return kib / 1024
		}
	}
	return 0
}

func resident() {
	lists := make([]*item, largeHeap/(64*chunk))
	for i := range lists {
		lists[i] = list()
	}
	peak := residentMiB()
	lists = nil
	runtime.GC()
	time.Sleep(10 * time.Second)
	fmt.Printf("heap.resident_peak MiB %.6g\n", peak)
	fmt.Printf("heap.resident_after_10s %% %.6g\n", 100*residentMiB()/peak)
}

const largeHeap = 8 << 30

func heapLarge() {
	runtime.GOMAXPROCS(2)
	pauses()
	debug.FreeOSMemory()
	resident()
}
