-- What wrk sends, and what it makes of the answers.
-- Arguments: the work, the value's size in bytes, "checked" or "measured".
local KEYS = 100
local requests, at = {}, 0
local work, size, checked, value
local wrong = 0 -- of this thread; wrk runs one

local function key(n) return string.format("key-%02d-%d", n, size) end

local function get(n) return wrk.format("GET", "/get/" .. key(n)) end

local function set(n)
  local body = '{"key":"' .. key(n) .. '","value":"' .. value .. '"}'
  return wrk.format("POST", "/set", { ["Content-Type"] = "application/json" }, body)
end

local makers = {
  get = get,
  miss = function(n) return wrk.format("GET", "/get/absent-" .. n) end,
  set = set,
  put = function(n) return wrk.format("PUT", "/v1/kv/" .. key(n), nil, value) end,
  mix = function(n) return n % 10 == 0 and set(n) or get(n) end,
}

local expected = { get = { 200 }, miss = { 404 }, set = { 200 }, put = { 201, 204 }, mix = { 200 } }

function init(arguments)
  work, size, checked = arguments[1], tonumber(arguments[2]), arguments[3] == "checked"
  value = string.rep("x", size)
  for n = 0, KEYS - 1 do requests[n] = makers[work](n) end
  if not checked then response = nil end -- which costs wrk as much as the rest
end

function request()
  at = (at + 1) % KEYS
  return requests[at]
end

function response(status, headers, body)
  local right = false
  for _, one in ipairs(expected[work]) do right = right or status == one end
  if work == "get" or work == "mix" or work == "set" then
    right = right and body:find('"' .. value .. '"', 1, true) ~= nil
  end
  if not right then
    wrong = wrong + 1
    if wrong == 1 then io.stderr:write("wrong answer: ", status, " ", body, "\n") end
    wrk.thread:stop()
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "p50_us": %d, "p99_us": %d, '
      .. '"connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
