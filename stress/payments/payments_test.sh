#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A short run of the payment service: payments_test.sh PROGRAM [REQUESTS]. What a machine that is busy
# cannot spoil must hold, and everything that the run is for must have come about.
set -eu
program=$1 requests=${2:-5000}
report=$(mktemp)
trap 'rm -f "$report"' EXIT

"$program" --seed 1 --requests "$requests" --rate 0 --clients 20 --users 300 --window 500 \
    --index-every 5ms --untimed --unweighed --json >"$report" || {
    cat "$report"
    echo "again: $program --seed 1 --requests $requests --rate 0 --clients 20 --users 300" \
        "--window 500 --index-every 5ms --untimed --unweighed" >&2
    exit 1
}
python3 - "$report" <<'END'
import json, sys

r = json.load(open(sys.argv[1]))
t, c, g = r["transactions"], r["clients"], r["graph"]
claims = {
    "no target is missed": r["missed"] == [],
    "requests are answered": 0.9 * t["asked"] <= t["n"] <= t["served"] <= t["asked"],
    "percentiles rise": t["p50_ms"] <= t["p95_ms"] <= t["p99_ms"] <= t["worst_ms"],
    "walks go beyond their user": t["nodes_met"] > 4,
    "new edges were seen": r["freshness"]["n"] > 0,
    "clients drop out": c["half"] + c["unread"] + c["silent"] > 0,
    "payments were published, and expired": g["published"] == t["served"] and g["expired"] > 0,
    "the graph has its full size": g["edges"] == 4 * 500,
    "nodes were taken back": g["nodes_taken_back"] > 0,
    "the graph was checked meanwhile": g["checks"] > 2,
    "the collector ran": r["collector"]["cycles"] > 2 and r["collector"]["n"] > 0,
    "the scheduler counted": r["scheduler"]["goroutines_run_by_a_p"] > 0,
}
failed = [claim for claim, holds in claims.items() if not holds]
print(json.dumps(r, indent=1))
sys.exit("does not hold: " + "; ".join(failed) if failed else 0)
END
