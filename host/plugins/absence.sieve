# Written by Mailstack. To whom a user's absence is not told: Dovecot heeds this header. Of itself it is silent towards
# lists, programs that say that they are, and the empty sender.
require ["editheader", "envelope", "regex", "variables", "vnd.dovecot.environment"];

# Two words: behind the last one Dovecot sees the end of the line, and takes it for a part of the word.
set "silence" "OOF, AutoReply";

# Addresses that nobody reads: a word of these, alone or with more before or behind it
set "words" "(no|not|do[._-]?not|dont)[._-]?(reply|respond|answer)|auto[._-]?(reply|responder|confirm)";
set "words" "${words}|nicht[._-]?antworten|ne[._-]?pas[._-]?repondre|no[._-]?responder|nao[._-]?responda";
set "words" "${words}|mailer[._-]?daemon|bounces?|listserv|majordomo";
set "nobody" "^((.*[._+=-])?(${words})([._+=-].*)?|owner-.*|.*-(owner|request))$";
if anyof (
  envelope :localpart :regex "from" "${nobody}",
  address :localpart :regex ["from", "sender"] "${nobody}",
  header :is "precedence" "auto_reply",
  exists "x-autoreply",
  exists "x-autorespond"
) {
  addheader "X-Auto-Response-Suppress" "${silence}";
  stop;
}

# An alias that leads to others too: they are there. The address without its tag, and the domain's catch-all.
if header :matches "x-original-to" "*" {
  set :lower "to" "${1}";
  set "name" "${to}";
  set "domain" "";
  if string :matches "${to}" "*@*" {
    set "name" "${1}";
    set "domain" "@${2}";
  }
  if string :matches "${name}" "*+*" {
    set "name" "${1}";
  }
  set "to" "${name}${domain}";
  if allof (
    not string :is "${to}" "${env.vnd.dovecot.username}",
    string :contains ["${env.vnd.dovecot.config.shared_aliases}"] [",${to},", ",${domain},", "*"]
  ) {
    addheader "X-Auto-Response-Suppress" "${silence}";
  }
}
