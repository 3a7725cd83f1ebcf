-- The value and its time to live in milliseconds (-1: for ever), of one instant.
local value = redis.pcall('GET', KEYS[1])
if type(value) ~= 'string' then return value end
return {value, redis.call('PTTL', KEYS[1])}
