-- Written by Mailstack. Who wrote a message decides whether it may go, and whether it is signed:
--   user       has logged in, or has a Sieve script that answers: From must be an address of that user. Signed.
--   host       root's mail (cron, reports), quota warnings, bounces. Signed.
--   forwarded  a Sieve script sends a stranger's mail on. Never signed, and not judged twice.
--   here       another program of this host, as user number `who` where that is known. Never signed; of our domains it may
--              use its own name only.
--   stranger   everybody else. In the name of our domains only what DMARC proves; the rest goes to Junk.
local rspamd_logger = require "rspamd_logger"
local rspamd_tcp = require "rspamd_tcp"
local ucl = require "ucl"

local settings = dofile("/etc/rspamd/mailstack.d/senders-settings")
-- Looking for addresses takes a time that grows with the square of the text. Nobody's name is that long.
local longest = 1000
local signed = "mailstack_signed"

--- The first lines of the header, each unfolded.
local function first_lines(task)
  local lines = {}
  local text = tostring(task:get_raw_headers()):gsub("\r", ""):gsub("\n[ \t]+", " ")
  for line in text:gmatch("[^\n]+") do
    lines[#lines + 1] = line
    if #lines == 4 then break end
  end
  return lines
end

--- What stands behind the header's name, if the line is of that header.
local function value(line, name)
  local start = name .. ": "
  return line and line:sub(1, #start) == start and line:sub(#start + 1) or nil
end

--- What came through sendmail(1). Postfix's line with the user's number comes first (submitters), then that of Dovecot's
--- program (sieve-submit), then Pigeonhole's own: what stands behind them is somebody else's text. Last: whose script it
--- was, and that program's name for the message; what a program of an earlier release has left in the queue has none.
local function submitted(task)
  local lines = first_lines(task)
  local uid = tonumber(value(lines[1], settings.uid_header))
  -- Dovecot's LMTP server is root that acts as the owner of the mail: Postfix sees root.
  if uid ~= 0 and uid ~= settings.mail_owner then return "here", uid end
  local said = value(lines[2], settings.sieve_header)
  local id, user = (said or ""):match("^(%x+%-[%x-]+) (.+)$")
  user = user or said
  local sieve = user and 3 or 2
  -- Without Pigeonhole's line: root's own, a full mailbox, or in the postmaster's name what a script has rejected.
  if not value(lines[sieve], "X-Sieve") then return "host", nil, user, id end
  if value(lines[sieve + 1], "X-Sieve-Redirected-From") then return "forwarded", nil, user, id end
  if user then return "user", user, user, id end
  return "here"
end

local function origin(task)
  local user = task:get_user()
  if user then return "user", user end
  local door = tostring(task:get_request_header("MTA-Name") or "")
  if door == settings.internal_door then return "host" end
  if door == settings.submitted_door then return submitted(task) end
  local ip = task:get_from_ip()
  if ip and ip:is_valid() and ip:is_local() then return "here" end
  return "stranger"
end

local function texts(task, name)
  local found = {}
  for _, header in ipairs(task:get_header_full(name) or {}) do
    found[#found + 1] = header.value or ""
  end
  return found
end

--- One question to `mailstack senders`, which has the accounts.
local function tell(task, question, callback)
  rspamd_tcp.request({
    task = task,
    host = settings.socket,
    data = { ucl.to_format(question, "json-compact"), "\n" },
    stop_pattern = "\n",
    timeout = 20,
    callback = callback,
  })
end

--- Asks whether a message may go with the headers that it has.
local function ask(task, question)
  question.headers = question.headers or {}
  for _, name in ipairs({ "From", "Sender", "Resent-From", "Resent-Sender" }) do
    local found = texts(task, name)
    if #found > 0 then question.headers[name] = found end
  end
  tell(task, question, function(err, data)
    local parser = ucl.parser()
    local ok = not err and data and parser:parse_string(tostring(data))
    local answer = ok and parser:get_object() or {}
    if type(answer.refuse) ~= "string" then
      rspamd_logger.errx(task, "no answer about the sender: %s", err or data)
      task:set_pre_result("soft reject", "mailstack: The sender cannot be checked now, try again later", "mailstack")
    elseif answer.refuse ~= "" then
      task:insert_result("SENDER_REFUSED", 1.0)
      task:set_pre_result("reject", "mailstack: " .. answer.refuse, "mailstack")
    elseif question.user then
      task:cache_set(signed, true)
    end
  end)
end

-- For the count of recipients (recipients.lua).
rspamd_plugins.mailstack_senders = {
  --- The user whose script has sent the message.
  script_of = function(task)
    local _, _, user = origin(task)
    return user
  end,
}

-- What is put off stays in Postfix's maildrop, which tries again each minute, whatever the reason.
rspamd_config:register_symbol({
  name = "SCRIPT_WAITS",
  type = "idempotent",
  flags = "explicit_disable,ignore_passthrough",
  callback = function(task)
    local _, _, user, id = origin(task)
    if not id then return end
    local still = task:get_metric_action() == "soft reject"
    tell(task, { waits = user, message = id, still = still }, function(err)
      if err then rspamd_logger.errx(task, "cannot tell whether mail of %s waits: %s", user, err) end
    end)
  end,
})

local check = rspamd_config:register_symbol({
  name = "SENDER_CHECK",
  type = "prefilter",
  score = 0.0,
  callback = function(task)
    local kind, who = origin(task)
    -- They have said what they had to say. Only the first of each is ours.
    task:set_milter_reply({ remove_headers = { [settings.uid_header] = 1, [settings.sieve_header] = 1 } })
    if kind == "user" then
      ask(task, { user = who })
    elseif kind == "here" then
      local from = task:get_from("smtp")
      ask(task, { uid = who, headers = { ["The sender"] = { from and from[1] and from[1].addr or "" } } })
    elseif kind == "host" then
      task:cache_set(signed, true)
    elseif kind == "forwarded" then
      task:set_pre_result("no action", "forwarded", "mailstack")
    end
  end,
})
rspamd_config:register_symbol({ name = "SENDER_REFUSED", type = "virtual", parent = check, score = 0.0 })
-- Tells senders-check that the Rspamd that runs has this text: after a reload the one of before goes on for a while.
rspamd_config:register_symbol({ name = settings.rule_symbol, type = "idempotent", callback = function() end })

rspamd_config:add_condition("DKIM_SIGNED", function(task)
  return task:cache_get(signed) == true
end)

--- Lower case; wide letters and signs as ASCII, and without characters that nobody sees. What Unicode calls compatible.
local function plain(text)
  return (text:gsub("\239\188([\129-\191])", function(last) return string.char(last:byte() - 0x60) end)
    :gsub("\239\189([\128-\158])", function(last) return string.char(last:byte() - 0x20) end)
    :gsub("\239\185\171", "@"):gsub("\239\185\146", "."):gsub("\227\128\130", "."):gsub("\239\189\161", ".")
    :gsub("\194\173", ""):gsub("\226\128[\139-\143\170-\174]", ""):gsub("\226\129[\160-\169]", ""):gsub("\239\187\191", "")
    :lower())
end

--- Whether any mail program could take the text for an address in one of our domains, or below one; in doubt it could.
local function names_us(text)
  if #text > longest then return true end
  for _, form in ipairs({ text:lower(), plain(text) }) do
    local bare = form:gsub("%b()", ""):gsub("[%s\"]", "")
    for _, each in ipairs({ form, bare }) do
      for domain in each:gmatch("@%s*([^%s<>(),:;@\"]+)") do
        domain = domain:gsub("[%.>]+$", "")
        for _, name in ipairs(settings.names) do
          if domain == name or domain:sub(-#name - 1) == "." .. name then return true end
        end
      end
    end
  end
  return false
end

--- All that a mail program may show as the sender, as it stands and decoded.
local function shown(task)
  local found = {}
  local function add(header)
    for _, each in ipairs(task:get_header_full(header) or {}) do
      found[#found + 1] = each.value or ""
      found[#found + 1] = each.decoded or ""
    end
  end
  add("From")
  add("Sender")
  -- Without a name in From mail programs take what else there is.
  local from = task:get_from("mime")
  if not from or not from[1] or (from[1].addr or "") == "" then
    add("Reply-To")
    add("Return-Path")
    local envelope = task:get_from("smtp")
    found[#found + 1] = envelope and envelope[1] and envelope[1].addr or ""
  end
  return found
end

--- Whether the envelope's sender is in one of our domains, or has the name of this host, which SPF lets send.
local function envelope_is_ours(task)
  local from = task:get_from("smtp")
  local domain = (from and from[1] and from[1].domain or ""):lower()
  if domain == settings.hostname then return true end
  for _, name in ipairs(settings.names) do
    if domain == name then return true end
  end
  return false
end

rspamd_config:register_symbol({
  name = "FORGED_OWN_ENVELOPE",
  type = "postfilter",
  score = 0.0,
  description = "The envelope's sender is in a domain of this host, and SPF does not let the client send for it",
  callback = function(task)
    if origin(task) ~= "stranger" or not envelope_is_ours(task) or task:has_symbol("R_SPF_ALLOW") then return end
    -- Sent on by an alias or a filter it would leave with SPF of our own: as good as signed.
    if task:has_symbol("R_SPF_DNSFAIL") then
      task:set_pre_result("soft reject", "mailstack: The sender cannot be checked now, try again later", "mailstack")
      return
    end
    task:insert_result("FORGED_OWN_ENVELOPE", 1.0)
    task:set_pre_result("reject", "mailstack: The sender is in a domain of this host: log in on port 587", "mailstack")
  end,
})

rspamd_config:register_symbol({
  name = "FORGED_OWN_DOMAIN",
  type = "postfilter",
  score = 5.0,
  description = "Written in the name of a domain of this host, which did not send it",
  callback = function(task)
    if origin(task) ~= "stranger" then return end
    local ours = false
    for _, text in ipairs(shown(task)) do
      ours = ours or names_us(text)
    end
    if not ours then return end
    -- DMARC proves one address in one From, and says nothing about Sender or the words around the address.
    local from = task:get_from("mime") or {}
    local proved = #from == 1 and #(task:get_header_full("From") or {}) == 1 and task:has_symbol("DMARC_POLICY_ALLOW")
    if proved and names_us("@" .. (from[1].domain or "")) then return end
    task:insert_result("FORGED_OWN_DOMAIN", 1.0)
    -- Sent on by an alias or a filter it would leave with a sender of this host's name, and SPF of that.
    if from[1] and (from[1].domain or ""):lower() == settings.hostname then
      task:set_pre_result("reject", "mailstack: It is written in the name of this host", "mailstack")
      return
    end
    -- Whatever else speaks for it: marked, and so not in the inbox. What is refused stays refused.
    task:set_pre_result("add header", "In the name of our own domain", "mailstack", nil, nil, "least")
    local recipients = {}
    for _, each in ipairs(task:get_recipients("smtp") or {}) do
      recipients[#recipients + 1] = each.addr
    end
    ask(task, { recipients = recipients })
  end,
})
