import { createHash } from "node:crypto";
import { basename } from "node:path";
import { domainToUnicode } from "node:url";
import { sandbox } from "../deployment/sandbox";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom, pluginFile, program } from "../deployment/files";
import { accountsGroup, mailOwner } from "./accounts";
import { doors, sieveHeader, uidHeader, waitingFolder } from "./doors";
import { controllerSocket, rspamdUser } from "./rspamd";
import type { Stack } from "./stack";

const socket = "/run/mailstack-senders.sock";
const unit = "mailstack-senders";
const rule = "/etc/rspamd/mailstack.d/senders.lua";
/** Its parameters, as a table of Lua. */
const ruleSettings = "/etc/rspamd/mailstack.d/senders-settings";
const checkProgram = "/usr/local/libexec/mailstack/senders-check";

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/**
 * Who may write as whom, and whose mail is signed: a rule of Rspamd and the daemon that it asks. Needs accounts, Rspamd, and
 * Postfix with its names of {@link doors}.
 */
export const senders = defineService({
  name: "senders",
  type: "mail:Senders",
  // Postfix tells the rule how each message came.
  after: ["accounts", "rspamd", "postfix"],
  packages: ["rspamd"],
  modules: ["daemons/senders_server.py"],
  render,
});

function render(stack: Pick<Stack, "mailDomains" | "fqdn">): BundleBody {
  const units = "/etc/systemd/system";
  const names = [...new Set(stack.mailDomains.flatMap((domain) => [domain, domainToUnicode(domain)]))].sort();
  const view = { socket, names, hostname: stack.fqdn, doors, uidHeader, sieveHeader, mailOwner };
  const parameters = (ruleSymbol: string) => filesFrom("senders", { [ruleSettings]: {} }, { ...view, ruleSymbol });
  const ruleFile = pluginFile("senders.lua");
  const text = `${ruleFile.content}${parameters("")[ruleSettings]!.content}`;
  const ruleSymbol = `SENDER_RULE_${digestOf(text).toUpperCase()}`;
  return {
    files: {
      ...filesFrom(
        "senders",
        { [`${units}/${unit}.socket`]: {}, [`${units}/${unit}.service`]: {} },
        { socket, sandbox, rspamdUser, group: accountsGroup, waitingFolder: basename(waitingFolder) },
      ),
      [rule]: ruleFile,
      ...parameters(ruleSymbol),
      ...filesFrom("senders", { [checkProgram]: program }, { controllerSocket, ruleSymbol }),
    },
    validate: [
      ["systemd-analyze", "verify", `${units}/${unit}.service`],
      ["rspamadm", "configtest"],
    ],
    units: { [`${unit}.socket`]: { onChange: "none" }, "rspamd.service": { onChange: "reload" } },
    health: [{ socket }, { run: [checkProgram], timeoutSeconds: 180 }],
    after: [["systemctl", "try-restart", `${unit}.service`]],
  };
}
