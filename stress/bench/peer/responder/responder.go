// SPDX-License-Identifier: Apache-2.0

// What runtime/examples/http/responder.c does, in Go: the same answers to the same requests, on
// package net alone, but for /stats. The parser refuses less, which costs it less. Built and run by
// `gauntlet bench http`, when there is a Go.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

const headBytes = 4096

var (
	port     = flag.Int("port", 0, "of 127.0.0.1")
	procs    = flag.Int("procs", 0, "goroutines that may run at the same time")
	idle     = flag.Int("idle", 30, "seconds after which a silent connection is closed")
	answered atomic.Int64
	hello    = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" +
		"Content-Length: 13\r\n\r\nHello, world\n")
	refusal = []byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	tooLong = []byte("HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n" +
		"Content-Length: 0\r\n\r\n")
)

type request struct {
	head, keepAlive bool
}

// The line and the fields of a whole head.
func parse(text []byte) (r request, ok bool) {
	line, rest, _ := bytes.Cut(text, []byte("\r\n"))
	method, line, ok1 := bytes.Cut(line, []byte(" "))
	target, version, ok2 := bytes.Cut(line, []byte(" "))
	r.head = string(method) == "HEAD"
	r.keepAlive = string(version) == "HTTP/1.1"
	if !ok1 || !ok2 || len(target) == 0 || target[0] != '/' ||
		(!r.head && string(method) != "GET") || (!r.keepAlive && string(version) != "HTTP/1.0") {
		return r, false
	}
	for {
		line, rest, ok = bytes.Cut(rest, []byte("\r\n"))
		if !ok || len(line) == 0 {
			return r, ok
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 {
			return r, false
		}
		if bytes.EqualFold(name, []byte("Transfer-Encoding")) ||
			bytes.EqualFold(name, []byte("Content-Length")) {
			return r, false
		}
		if bytes.EqualFold(name, []byte("Connection")) {
			value = bytes.TrimSpace(value)
			r.keepAlive = !bytes.EqualFold(value, []byte("close")) &&
				(r.keepAlive || bytes.EqualFold(value, []byte("keep-alive")))
		}
	}
}

type input struct {
	text     [headBytes]byte
	n, seen  int
	idleFrom time.Time
}

func (in *input) stillHere(c net.Conn) {
	now, limit := time.Now(), time.Duration(*idle)*time.Second
	if now.Sub(in.idleFrom) < limit/2 {
		return
	}
	in.idleFrom = now
	c.SetDeadline(now.Add(limit))
}

// Bytes of the next head, or 0.
func (in *input) nextHead(c net.Conn) int {
	for {
		from := in.seen - 3
		if from < 0 {
			from = 0
		}
		if at := bytes.Index(in.text[from:in.n], []byte("\r\n\r\n")); at >= 0 {
			return from + at + 4
		}
		in.seen = in.n
		if in.n == headBytes {
			c.Write(tooLong)
			return 0
		}
		in.stillHere(c)
		n, err := c.Read(in.text[in.n:])
		if err != nil {
			return 0
		}
		in.n += n
	}
}

func serve(c net.Conn) {
	defer c.Close()
	in := new(input)
	count := int64(0)
	defer func() { answered.Add(count) }()
	for {
		end := in.nextHead(c)
		if end == 0 {
			return
		}
		r, ok := parse(in.text[:end])
		if !ok {
			c.Write(refusal)
			return
		}
		answer := hello
		if r.head {
			answer = hello[:len(hello)-13]
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
		count++
		if !r.keepAlive {
			return
		}
		in.n = copy(in.text[:], in.text[end:in.n])
		in.seen = 0
	}
}

func accepts(l net.Listener) {
	for {
		c, err := l.Accept()
		if err == nil {
			go serve(c)
		} else if e, ok := err.(net.Error); ok && e.Temporary() {
			time.Sleep(5 * time.Millisecond)
		} else {
			return
		}
	}
}

func raiseLimit() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
}

func main() {
	flag.Parse()
	if *procs > 0 {
		runtime.GOMAXPROCS(*procs)
	}
	raiseLimit()
	l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		fmt.Fprintln(os.Stderr, "responder:", err)
		os.Exit(2)
	}
	fmt.Printf("listening on 127.0.0.1:%d (%s)\n", l.Addr().(*net.TCPAddr).Port, runtime.Version())
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go accepts(l)
	<-interrupted
	l.Close()
	fmt.Println("answered", answered.Load())
}
