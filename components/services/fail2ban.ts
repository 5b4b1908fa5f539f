import { sandbox } from "../deployment/sandbox";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { trustedNetworks, type Stack } from "./stack";

/** `mailstack apply` keeps the addresses of its callers there (host/mailstack/deployers.py). */
export const deployersFile = "/var/lib/mailstack/deployers";

/**
 * Every door at which a mail password can be tried: SMTP, submission, IMAP, POP3, ManageSieve, webmail. Whoever guesses
 * at one is shut out at all.
 */
const passwordPorts = "25,465,587,993,995,4190,80,443";

/**
 * What the two generations of Dovecot log for one wrong password (`auth_verbose`); fail2ban puts the address in for
 * `<HOST>`. A user's name may hold anything, so the address is the last one of the line.
 */
const wrongPassword = {
  "2.3": String.raw`auth-worker\(\d+\): .*sql\(.*,<HOST>(?:,<[^>]*>)?\): (?:Password mismatch|unknown user)`,
  "2.4": String.raw`auth-worker\(.*,<HOST>\)<\d+>(?:<[^>]*>)?: request \[\d+\]: sql: (?:Password mismatch|unknown user)`,
};

const folder = "/etc/fail2ban";
const filters = `${folder}/filter.d`;
/** A reload of fail2ban leaves the rules that an action has made as they are. */
const networkAction = `${folder}/action.d/mailstack-network.conf`;

/**
 * Shuts out addresses that guess passwords, try SSH, or misuse port 25. Reads the journal, so it needs no log file of
 * the daemons; bans are kept in a database and survive a restart.
 */
export const fail2ban = defineService({
  name: "fail2ban",
  type: "operations:Fail2ban",
  // The daemon reads the journal by one and bans by the other; its package only recommends them.
  packages: ["fail2ban", "nftables", "python3-systemd"],
  afterHealth: true,
  render,
});

function render(
  stack: Pick<Stack, "system" | "trustedCidrs" | "backupMxs" | "banAfterFailures" | "banMinutes">,
): BundleBody {
  const { system } = stack;
  const trusted = trustedNetworks(stack);
  return {
    files: filesFrom(
      "fail2ban",
      {
        [`${folder}/fail2ban.local`]: {},
        [`${folder}/jail.local`]: {},
        [networkAction]: {},
        [`${filters}/mailstack-login.conf`]: {},
        [`${filters}/mailstack-network.conf`]: {},
        [`${filters}/mailstack-postfix.conf`]: {},
        [`${filters}/mailstack-recidive.conf`]: {},
        "/etc/systemd/system/fail2ban.service.d/mailstack.conf": {},
      },
      {
        failures: stack.banAfterFailures,
        minutes: stack.banMinutes,
        trusted: ["127.0.0.0/8", "::1", ...trusted].join(" "),
        trusted6: trusted.filter((cidr) => cidr.includes(":")),
        deployersFile,
        passwordPorts,
        networks: [
          { jail: "sshd", port: "22" },
          { jail: "postfix", port: "25" },
          { jail: "mailstack-login", port: passwordPorts },
        ],
        sandbox,
        postfixUnit: system.postfixUnit,
        wrongPassword: wrongPassword[system.dovecot],
      },
    ),
    validate: [["fail2ban-client", "--test"]],
    units: { "fail2ban.service": { onChange: "reload", restartOn: [networkAction] } },
    health: [{ run: ["fail2ban-client", "ping"] }],
  };
}
