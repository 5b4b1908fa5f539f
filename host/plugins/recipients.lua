-- Written by Mailstack. A stolen password must not make this host a source of spam: recipients are counted, for each user
-- alone, those that the user's Sieve script adds too. Of the limit a script may use up a part, so that nobody who writes to
-- the user can keep the user from writing. Rspamd's own module counts neither a message that another rule has
-- decided on, nor anything while Redis takes no writes (it is down, or its memory or disk is full). Users' mail waits instead.
local lua_redis = require "lua_redis"
local rspamd_util = require "rspamd_util"

local settings = dofile("/etc/rspamd/mailstack.d/recipients-settings")
local limited = "RECIPIENTS_LIMITED"
local taken = "mailstack_recipients"

-- A bucket that leaks: how much was in it, and when. Takes nothing that would fill it above the last argument.
local take = [[
local had = redis.call("HMGET", KEYS[1], "level", "at")
local now, limit, more, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local gone = math.max(0, now - (tonumber(had[2]) or now)) * limit / 3600
local level = math.max(0, (tonumber(had[1]) or 0) - gone)
if level > 0 and level + more > most then return 0 end
redis.call("HSET", KEYS[1], "level", tostring(level + more), "at", tostring(now))
redis.call("EXPIRE", KEYS[1], 172800)
return 1
]]
local give_back = [[
if redis.call("EXISTS", KEYS[1]) == 1 then redis.call("HINCRBYFLOAT", KEYS[1], "level", -tonumber(ARGV[1])) end
return 1
]]

local redis_params
local function run(task, callback, script, key, ...)
  redis_params = redis_params or lua_redis.parse_redis_server("mailstack")
  local words = { script, "1", key, ... }
  return redis_params and lua_redis.redis_make_request(task, redis_params, key, true, callback, "EVAL", words)
end

--- Whose recipients these are, and whether that user's script has added them.
local function account(task)
  local user = task:get_user()
  if user then return user:lower(), false end
  local senders = rspamd_plugins.mailstack_senders
  user = senders and senders.script_of(task)
  return user and user:lower(), true
end

local check = rspamd_config:register_symbol({
  name = "RECIPIENTS_CHECK",
  type = "prefilter",
  priority = 10,
  score = 0.0,
  callback = function(task)
    local user, by_script = account(task)
    if not user then return end
    local function put_off()
      task:insert_result("RECIPIENTS_NOT_COUNTED", 1.0)
      task:set_pre_result("soft reject", "mailstack: Recipients cannot be counted now, try again later", "mailstack")
    end
    local key = "RL_user_" .. user
    local many = math.max(1, #(task:get_recipients("smtp") or {}))
    local function answered(err, answer)
      if err then return put_off() end
      if tonumber(answer) == 1 then
        task:cache_set(taken, { key, tostring(many) })
      else
        task:insert_result(limited, 1.0)
        task:set_pre_result("soft reject", "mailstack: Too many recipients within an hour, try again later", "mailstack")
      end
    end
    local most = by_script and settings.per_hour_by_script or settings.per_hour
    local words = { tostring(rspamd_util.get_time()), tostring(settings.per_hour), tostring(many), tostring(most) }
    if not run(task, answered, take, key, unpack(words)) then put_off() end
  end,
})
rspamd_config:register_symbol({ name = "RECIPIENTS_NOT_COUNTED", type = "virtual", parent = check, score = 0.0 })
rspamd_config:register_symbol({ name = limited, type = "virtual", parent = check, score = 0.0 })

rspamd_config:register_symbol({
  name = "RECIPIENTS_GIVEN_BACK",
  type = "idempotent",
  flags = "explicit_disable,ignore_passthrough",
  callback = function(task)
    local had = task:cache_get(taken)
    local action = task:get_metric_action()
    -- What does not leave counts for nobody; who is put off comes again.
    if had and (action == "reject" or action == "soft reject") then
      run(task, function() end, give_back, had[1], had[2])
    end
  end,
})
