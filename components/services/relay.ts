import { ciphers } from "./ciphers";
import { serverLimit } from "./connections";
import { sandbox } from "../deployment/sandbox";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom, program } from "../deployment/files";
import { administratorNames } from "./accounts";
import { mailGuardAddress } from "./mail-guard";
import { boundAtStart, bytesPerMiB, inPostfix, messagesFree, notAscii, postfixDropIn, postfixUnits } from "./postfix";
import { settleRspamd } from "./rspamd";
import { outgoingFiles } from "./outgoing";
import { trustedNetworks, type Stack } from "./stack";
import { certificatePaths } from "./tls";

/**
 * The primary's limit is for a message as it arrives there: with the lines that this host and its filter have put before it.
 * A refusal that late would go back to a sender who may not have written it.
 */
const addedBytes = 64 * 1024;
const processes = 100;

/** Where an address is asked for while the primary is away. */
const probePort = 10028;

const watch = "mailstack-relay-watch.service";
const watchProgram = "/usr/local/libexec/mailstack/relay-watch";

/**
 * Postfix as a backup MX: it takes mail for the primary's addresses, keeps it while the primary is away, and hands it on.
 * Needs Rspamd with its guard, and a certificate.
 */
export const relay = defineService({
  name: "relay",
  type: "mail:Relay",
  after: ["rspamd", "mail-guard", "tls"],
  packages: ["postfix", "python3-spf"],
  debconf: ["postfix postfix/main_mailer_type select No configuration"],
  ports: [{ name: "smtp", port: 25 }],
  innerPorts: [{ ports: [probePort], users: ["postfix"] }],
  render,
});

type RelayStack = Pick<
  Stack,
  | "system"
  | "fqdn"
  | "domain"
  | "administrator"
  | "ipv6"
  | "daneOutbound"
  | "queueDays"
  | "trustedCidrs"
  | "relayFor"
  | "relayHost"
  | "relayPort"
  | "relayUser"
  | "relayDomains"
  | "portProbeDomain"
>;

function render(stack: RelayStack): BundleBody {
  const { fqdn: hostname, system, relayFor } = stack;
  if (!relayFor) throw new Error("the service relay needs a primary");
  const messageSizeLimit = relayFor.messageSizeLimitMb * bytesPerMiB - addedBytes;
  const own = administratorNames.map((name) => `${name}@${hostname}`);
  const protocols = stack.ipv6 ? "all" : "ipv4";
  const units = "/etc/systemd/system";
  return {
    files: {
      ...postfixDropIn("relay", system.postfixUnit),
      ...filesFrom("postfix", { [boundAtStart]: {}, "/etc/postfix/not_ascii": {} }, { protocols }),
      ...filesFrom(
        "relay",
        {
          "/etc/postfix/main.cf": {},
          "/etc/postfix/master.cf": {},
          "/etc/postfix/system_aliases": {},
          "/etc/postfix/relay_recipients": {},
          "/etc/postfix/primary_refusals": {},
          [watchProgram]: program,
          [`${units}/${watch}`]: {},
        },
        {
          hostname,
          domain: stack.domain,
          administrator: stack.administrator,
          names: administratorNames,
          ...(stack.daneOutbound ? { dns: "dnssec", tls: "dane" } : { dns: "enabled", tls: "may" }),
          protocols,
          domains: relayFor.domains,
          primary: relayFor.hostname,
          probePort,
          // A domain by itself is every address in it.
          recipients: [...relayFor.recipients, ...relayFor.catchAll, ...own],
          queueDays: stack.queueDays,
          messageSizeLimit,
          queueMinimumFree: messagesFree * messageSizeLimit,
          serverLimit: { client: serverLimit.client, rate: serverLimit.rate },
          trusted: trustedNetworks(stack).map(inPostfix),
          countsNetworks: system.postfixCountsNetworks,
          certificate: certificatePaths,
          ciphers,
          notAscii,
          milter: mailGuardAddress,
          processes,
          watchProgram,
          postfixUnit: system.postfixUnit,
          sandbox,
        },
      ),
      ...outgoingFiles(stack),
    },
    prepare: [settleRspamd],
    validate: [["postfix", "check"]],
    validateSilent: [
      ["postconf", "-n"],
      ["postconf", "-M"],
    ],
    units: { ...postfixUnits(system.postfixUnit), [watch]: { onChange: "restart" } },
    health: [{ tcp: "127.0.0.1:25", expect: `220 ${hostname} ESMTP` }],
    after: [["postqueue", "-f"]],
  };
}
