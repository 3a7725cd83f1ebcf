-- RFC 9110, section 13.1: If-Match is ARGV[1], If-None-Match ARGV[2]. Each is "-"
-- where it was not sent, "*", or SHA-1 digests in hex with spaces between them.
local key = KEYS[1]
local kind = redis.call('TYPE', key).ok
local digest = false

local function covers(condition)
  if kind == 'none' then return false end
  if condition == '*' then return true end
  if kind ~= 'string' then return false end
  digest = digest or redis.sha1hex(redis.call('GET', key))
  return string.find(condition, digest, 1, true) ~= nil
end

local function refused()
  return ARGV[1] ~= '-' and not covers(ARGV[1]) or ARGV[2] ~= '-' and covers(ARGV[2])
end

