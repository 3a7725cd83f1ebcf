-- Type, time to live in milliseconds, size, and the value where it has no more bytes
-- than ARGV[1].
local kind = redis.call('TYPE', KEYS[1]).ok
local ttl = redis.call('PTTL', KEYS[1])
if kind ~= 'string' then return {kind, ttl, false, false} end
local size = redis.call('STRLEN', KEYS[1])
local value = size <= tonumber(ARGV[1]) and redis.call('GET', KEYS[1])
return {kind, ttl, size, value}
