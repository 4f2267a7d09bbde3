-- One line that a program can read: microseconds, requests, p50, p99, then errors by kind.
function done(summary, latency, requests)
   local e = summary.errors
   io.write(string.format("RESULT %d %d %d %d connect=%d read=%d write=%d status=%d timeout=%d\n",
      summary.duration, summary.requests, latency:percentile(50), latency:percentile(99),
      e.connect, e.read, e.write, e.status, e.timeout))
end
