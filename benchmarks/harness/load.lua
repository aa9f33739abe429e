-- An argument is the body of a POST to /run, whose answers must say that the function succeeded.
local threads = {}

setup = function(thread)
  table.insert(threads, thread)
end

init = function(arguments)
  failures = 0
  if arguments[1] then
    wrk.method, wrk.body, wrk.headers["Content-Type"] = "POST", arguments[1], "application/json"
    response = function(status, headers, body)
      if not body:find('"status":"SUCCESS"', 1, true) then failures = failures + 1 end
    end
  end
end

-- What wrk knows at its end, as one line of JSON; latencies in microseconds.
done = function(summary, latency)
  local errors, failed = summary.errors, 0
  for _, thread in ipairs(threads) do failed = failed + thread:get("failures") end
  io.write(string.format('\n{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"not2xx":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, failed + errors.connect + errors.read + errors.write + errors.timeout))
end
