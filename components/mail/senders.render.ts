import { createHash } from "node:crypto";
import { domainToUnicode } from "node:url";
import { programDigest } from "../host/host-program";
import { sandbox } from "../host/sandbox";
import type { Bundle } from "../rendering/bundle";
import { filesFrom, program } from "../rendering/files";
import { accountsGroup, mailOwner } from "./accounts.render";
import { doors, sieveHeader, uidHeader } from "./doors";
import { controllerSocket, rspamdUser } from "./rspamd.render";

/** Settings of the check of senders. */
export interface SendersSettings {
  /** Hosted mail domains. */
  domains: string[];
  /** The host's own name, in which nobody else writes. */
  hostname: string;
}

const socket = "/run/mailstack-senders.sock";
const unit = "mailstack-senders";
const rule = "/etc/rspamd/mailstack.d/senders.lua";
const checkProgram = "/usr/local/libexec/mailstack/senders-check";

const daemon = programDigest(["senders.py", "senders_server.py"]);

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/**
 * Who may write as whom, and whose mail is signed: a rule of Rspamd and the daemon that it asks. Needs accounts, Rspamd, and
 * Postfix with its names of {@link doors}.
 */
export function renderSenders(settings: SendersSettings): Bundle {
  const units = "/etc/systemd/system";
  const names = [...new Set(settings.domains.flatMap((domain) => [domain, domainToUnicode(domain)]))].sort();
  const view = { socket, names, hostname: settings.hostname, doors, uidHeader, sieveHeader, mailOwner };
  const text = filesFrom("senders", { [rule]: {} }, { ...view, ruleSymbol: "" })[rule]!.content;
  const ruleSymbol = `SENDER_RULE_${digestOf(text).toUpperCase()}`;
  return {
    service: "senders",
    packages: ["rspamd"],
    files: {
      ...filesFrom(
        "senders",
        { [`${units}/${unit}.socket`]: {}, [`${units}/${unit}.service`]: {} },
        { socket, sandbox, rspamdUser, group: accountsGroup, programDigest: daemon },
      ),
      ...filesFrom("senders", { [rule]: {} }, { ...view, ruleSymbol }),
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
