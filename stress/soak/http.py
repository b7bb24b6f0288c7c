#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A server beside peers that vanish: afterwards everything is as it was at the start.

    http.py RESPONDER [--for TIME | --rounds N] [--seed S] [--json]

Starts the responder and, where there is one, wrk with connections that are kept alive; beside them peers
that send requests, halves of requests and rubbish, that reset their connections, or stay open and silent
until the server gives them up. Then wrk and peers go, and the server is asked until it is back where it was:

    goroutines, connections served, descriptors, bytes that live in the heap    as at the start
    resident memory                               as after a warm-up of a tenth of the time

The runtime makes one goroutine of its own, the scavenger, when it is first needed. It keeps stacks and pages
for what comes next, so resident memory only says something once the same load has been there before. Exit
status 0: all of it is back; 1: not, and which, or an answer was wrong; 2: wrong usage, or it could not run.
"""

import argparse
import json
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

MADE_LATER = 1  # goroutines of the runtime's own
IDLE_SECONDS = 1  # after which the server gives up silent peers
PEERS = 8  # at the same time, each one after the other
SILENT = 20  # connections that a peer leaves open
PATIENCE = 60  # seconds after which who waits for the server calls it stuck
WARM_UP = 0.1  # of the time
HEAP_SLACK = 64 << 10  # bytes; a stack may still seem to refer to an object that is gone
RESIDENT_SLACK_KIB = 4 << 10
RESIDENT_FACTOR = 1.1
REQUEST = b"GET / HTTP/1.1\r\nHost: soak\r\n\r\n"
HELLO = b"Hello, world"


class Broken(Exception):
    """The server does not do what it should."""


def read_answer(s, word):
    """Up to the end of the line with that word."""
    got = b""
    while word not in got or not got.endswith(b"\n"):
        part = s.recv(4096)
        if not part:
            raise Broken("an answer ends after %d bytes" % len(got))
        got += part
    return got


class Peer(threading.Thread):
    """Vanishes again and again, each time in a way that its own generator chooses."""

    def __init__(self, server, seed, more):
        super().__init__(daemon=True)
        self.server, self.random, self.more = server, random.Random(seed), more
        self.silent, self.failure, self.count = [], None, 0
        self.ways = [self.asks, self.sends_half, self.resets, self.resets_unread, self.is_silent,
                     self.sends_rubbish, self.ends_politely, self.vanishes_at_once]

    def run(self):
        try:
            while self.more(self.count):
                self.random.choice(self.ways)()
                self.count += 1
            self.wait_until_given_up(0)
        except (Broken, OSError) as e:
            self.failure = "%s: %s" % (type(e).__name__, e)

    def connect(self):
        return self.server.connect()

    def ask(self, s):
        s.sendall(REQUEST)
        read_answer(s, HELLO)

    def half(self):
        return REQUEST[:self.random.randrange(1, len(REQUEST) - 1)]

    @staticmethod
    def reset(s):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()

    def asks(self):
        with self.connect() as s:
            for _ in range(self.random.randrange(1, 20)):
                self.ask(s)

    def sends_half(self):
        with self.connect() as s:
            s.sendall(self.half())

    def resets(self):
        s = self.connect()
        if self.random.random() < 0.5:
            self.ask(s)
        s.sendall(self.half())
        self.reset(s)

    # The server meets the reset while it writes.
    def resets_unread(self):
        s = self.connect()
        s.sendall(REQUEST * self.random.randrange(1, 200))
        self.reset(s)

    def is_silent(self):
        s = self.connect()
        if self.random.random() < 0.5:
            s.sendall(self.half())
        self.silent.append(s)
        self.wait_until_given_up(SILENT)

    def sends_rubbish(self):
        with self.connect() as s:
            s.sendall(self.random.randbytes(self.random.randrange(1, 300)) + b"\r\n\r\n")
            if not s.recv(4096).startswith(b"HTTP/1.1 400 "):
                raise Broken("rubbish is not refused")

    def ends_politely(self):
        with self.connect() as s:
            s.sendall(REQUEST)
            s.shutdown(socket.SHUT_WR)
            read_answer(s, HELLO)
            if s.recv(1) != b"":
                raise Broken("who shuts its side down is answered twice")

    def vanishes_at_once(self):
        self.reset(self.connect())

    # The server has to close them, from the oldest on.
    def wait_until_given_up(self, most):
        while len(self.silent) > most:
            with self.silent.pop(0) as s:
                if s.recv(1) != b"":
                    raise Broken("a silent peer is answered")


class Server:
    def __init__(self, path, patience):
        self.patience = patience
        command = [path, "--idle", str(IDLE_SECONDS)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on 127.0.0.1:"):
            raise Broken("%s: no port" % path)
        self.port = int(line.split(":")[1])

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=self.patience)

    # What it holds, the connection that asks included.
    def stats(self):
        with self.connect() as s:
            s.sendall(b"GET /stats HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n\r\n")
            text = read_answer(s, b"answered").split(b"\r\n\r\n")[1].decode().split()
        return dict(zip(text[::2], map(int, text[1::2])))

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE)
        if self.process.returncode != 0:
            raise Broken("the server ends with status %d" % self.process.returncode)


class Load:
    """wrk, where there is one: again until it is told to stop."""

    def __init__(self, port):
        command = ["wrk", "-t", "1", "-c", "50", "-d", "1000000", "http://127.0.0.1:%d/" % port]
        self.process = None
        if shutil.which("wrk"):
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def end(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=PATIENCE)


def what_is_left(start, warm, now):
    """Words for what is not back, by the figures of the server."""
    left = [key for key in ("serving", "descriptors") if now[key] > start[key]]
    if now["goroutines"] > start["goroutines"] + MADE_LATER:
        left.append("goroutines")
    if now["heap_live"] > start["heap_live"] + HEAP_SLACK:
        left.append("heap_live")
    if warm and now["resident_kib"] > warm["resident_kib"] * RESIDENT_FACTOR + RESIDENT_SLACK_KIB:
        left.append("resident_kib")
    return left


def quiet(server, start, warm):
    """The server's figures once it is back, or after a while what they are then."""
    for _ in range(200):
        now = server.stats()
        if not what_is_left(start, warm, now):
            break
        time.sleep(0.05)
    return now


def one_load(server, seed, more, beside_wrk, failures):
    """Peers, and wrk, as long as `more` says. How often peers have vanished."""
    load = Load(server.port) if beside_wrk else None
    peers = [Peer(server, "%d.%d" % (seed, i), more) for i in range(PEERS)]
    for p in peers:
        p.start()
    said = time.monotonic()
    for p in peers:
        while p.is_alive():
            p.join(1)
            if time.monotonic() - said >= 60:
                said = time.monotonic()
                vanished = sum(p.count for p in peers)
                print("%d vanished; the server has %s" % (vanished, server.stats()), file=sys.stderr)
    if load is not None:
        load.end()
    failures += [p.failure for p in peers if p.failure]
    return sum(p.count for p in peers)


def until(seconds):
    end = time.monotonic() + seconds
    return lambda count: time.monotonic() < end


def report(a, figures, left, failures, vanished):
    if a.json:
        figures.update({"seed": a.seed, "vanished": vanished, "left": left, "failures": failures})
        print(json.dumps(figures))
        return
    print("%d peers vanished, %d requests were answered" % (vanished, figures["end"]["answered"]))
    for key in ("goroutines", "serving", "descriptors", "heap_live", "resident_kib"):
        columns = ["%s %8d" % (when, held[key]) for when, held in figures.items() if held]
        print("%-13s %s%s" % (key, "  ".join(columns), "  NOT BACK" if key in left else ""))
    for failure in failures:
        print("a peer: %s" % failure)


def soak(a):
    server = Server(a.responder, a.patience)
    server.stats()
    figures, failures = {"start": server.stats(), "warm": None}, []
    if a.rounds:
        vanished = one_load(server, a.seed, lambda count: count < a.rounds, False, failures)
    else:
        if not shutil.which("wrk"):
            print("soak: wrk is missing (apt-get install wrk): only our own peers ask", file=sys.stderr)
        one_load(server, a.seed, until(a.seconds * WARM_UP), True, failures)
        figures["warm"] = quiet(server, figures["start"], None)
        vanished = one_load(server, a.seed + 1, until(a.seconds * (1 - WARM_UP)), True, failures)
    figures["end"] = quiet(server, figures["start"], figures["warm"])
    left = what_is_left(figures["start"], figures["warm"], figures["end"])
    server.end()
    report(a, figures, left, failures, vanished)
    return 1 if left or failures else 0


def seconds(text):
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|)", text)
    if not found:
        raise argparse.ArgumentTypeError("'%s' is not a time such as 90s or 10m" % text)
    return float(found[1]) * {"ms": 0.001, "s": 1, "": 1, "m": 60, "h": 3600}[found[2]]


def main():
    parser = argparse.ArgumentParser(description="Peers that vanish, and a server that must not keep them.")
    parser.add_argument("responder", help="the program that is asked")
    parser.add_argument("--for", dest="seconds", type=seconds, default=60, metavar="TIME")
    parser.add_argument("--rounds", type=int, metavar="N",
                        help="so often each peer vanishes, without wrk and warm-up")
    parser.add_argument("--patience", type=seconds, default=PATIENCE, metavar="TIME",
                        help="after which who waits for the server calls it stuck")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--json", action="store_true")
    a = parser.parse_args()
    print("seed %d" % a.seed, file=sys.stderr)
    try:
        return soak(a)
    except (Broken, OSError, subprocess.TimeoutExpired) as e:
        print("soak: %s" % e, file=sys.stderr)
        return 1 if isinstance(e, Broken) else 2


if __name__ == "__main__":
    sys.exit(main())
