-- ARGV[3] is the command, ARGV[4] its operand, ARGV[5] "1" where a missing key shall be
-- created, ARGV[6] its time to live then in milliseconds or "", ARGV[7] the most bytes
-- that a value may have.
if kind ~= 'none' and kind ~= 'string' then return {'type', kind} end
if kind == 'none' and ARGV[5] ~= '1' then return {'missing'} end
if refused() then return {'refused', digest} end

local command, operand = ARGV[3], ARGV[4]
if command == 'APPEND' then
  local size = redis.call('STRLEN', key) + #operand
  if size > tonumber(ARGV[7]) then return {'too-large', size} end
end
local reply
if command == 'PERSIST' then
  reply = redis.pcall(command, key)
else
  reply = redis.pcall(command, key, operand)
end
if type(reply) == 'table' and reply.err then return reply end

if kind == 'none' and ARGV[6] ~= '' then redis.call('PEXPIRE', key, ARGV[6]) end
-- The text of a number: a Lua number would lose digits beyond 2^53.
local number = string.sub(command, 1, 4) == 'INCR' and redis.call('GET', key)
return {
  kind == 'none' and 'created' or 'modified',
  redis.call('PTTL', key), redis.call('STRLEN', key), number,
}
