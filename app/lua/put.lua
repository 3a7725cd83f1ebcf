-- ARGV[3] is "1" to get the old value back, ARGV[4] the new one, the rest SET's options.
if kind ~= 'none' and kind ~= 'string' then return {'type', kind} end
if refused() then return {'refused', digest} end
local old = ARGV[3] == '1' and redis.call('GET', key)
redis.call('SET', key, ARGV[4], unpack(ARGV, 5))
return {kind == 'none' and 'created' or 'replaced', old}
