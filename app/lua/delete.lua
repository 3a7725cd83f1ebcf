-- ARGV[3] is "1" to get the old value back.
if kind == 'none' then return {'missing'} end
if refused() then return {'refused', digest} end
if ARGV[3] == '1' and kind ~= 'string' then return {'type', kind} end
local old = ARGV[3] == '1' and redis.call('GET', key)
redis.call('UNLINK', key)
return {'deleted', old}
