-- One request over and over, with the counts on one line for the harness to read.
-- No request() function: wrk then sends a buffer made once, and the client's core stays free.

function done(summary, latency)
   local e = summary.errors
   io.write(string.format(
      "bench requests=%d us=%d bytes=%d connect=%d read=%d write=%d timeout=%d status=%d "
         .. "p50=%.0f p99=%.0f\n",
      summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.timeout,
      e.status, latency:percentile(50), latency:percentile(99)))
end
