-- Sends by turns an added and a known thing. Arguments: a file with the two calls (method, path, body, parted by tabs),
-- the first id to add, the first known id and how many there are, the calls after which to stop (0: at wrk's -d).
local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int, int);")
local calls, sent, answered = {}, 0, 0

function init(args)
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
    calls[#calls + 1] = { method = method, path = path, body = body ~= "" and body or nil }
  end
  first_new, first_known, known = tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  local limit = tonumber(args[5])
  wrk.headers["Authorization"] = args[6]
  wrk.headers["Content-Type"] = "application/json"
  if limit > 0 then
    -- wrk knows only durations: its own SIGINT ends the sleep of its main thread.
    response = function()
      answered = answered + 1
      if answered == limit then
        wrk.thread:stop()
        ffi.C.kill(ffi.C.getpid(), 2)
      end
    end
  end
end

function request()
  local turn, pair = sent % 2, math.floor(sent / 2)
  local call, id = calls[turn + 1], nil
  if known == 0 then
    id = first_new + sent
  elseif turn == 0 then
    id = first_new + pair
  else
    id = first_known + pair * 7919 % known
  end
  sent = sent + 1
  local values = { ["@id@"] = string.format("%.0f", id), ["@number@"] = string.format("%.0f", sent) }
  local body = call.body and call.body:gsub("@%l+@", values)
  return wrk.format(call.method, (call.path:gsub("@%l+@", values)), nil, body)
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('{"requests": %d, "microseconds": %d, "failed": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
