-- SPDX-License-Identifier: Apache-2.0
--
-- What `gauntlet bench http` reads of wrk: requests answered, microseconds that it took, the 99th percentile
-- of their latency in microseconds, and requests that failed. Its own report rounds.
function done(summary, latency)
    local e = summary.errors
    io.write(string.format("figures %d %d %d %d\n", summary.requests, summary.duration,
        latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
