import { sandbox } from "../deployment/sandbox";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom, program } from "../deployment/files";
import { filterMemoryMb } from "../settings/filters";
import type { Stack } from "./stack";
import { spamdSocket, unitOff } from "./rspamd-filters";
import { rspamdPackages, rspamdUser } from "./rspamd";

/**
 * Without gpg Debian's job leaves the rules as old as the package, and says nothing. Without its agent the package's
 * installation fails.
 */
const spamAssassinPackages = ["gpg", "gpg-agent", "spamassassin", "spamd"];

/** Who spamd runs as, and whose the rules are. */
const user = "debian-spamd";
/** Processes that judge; more than two messages at a time wait. */
const children = 2;
const daemon = "spamd.service";
/** Debian's own, nightly and off by default. */
const updates = "spamassassin-maintenance.timer";

const keys = "/var/lib/spamassassin/sa-update-keys";
const asUser = ["runuser", "-u", user, "--"];
/** The packages come in no fixed order: at its installation SpamAssassin may have found no gpg to keep the key with. */
const importKey = [...asUser, "sa-update", "--gpghomedir", keys, "--import", "/usr/share/spamassassin/GPG.KEY"];
/** Either import leaves one behind, which nobody needs. */
const endAgent = [...asUser, "gpgconf", "--homedir", keys, "--kill", "gpg-agent"];

/** SpamAssassin's daemon for Rspamd, and new rules each night. */
export const spamAssassin = defineService({
  name: "spamassassin",
  type: "mail:SpamAssassin",
  enabled: (stack: Pick<Stack, "spamAssassin">) => stack.spamAssassin,
  packages: [...spamAssassinPackages, ...rspamdPackages],
  // What an earlier deployment started is stopped; its rules stay.
  whenOff: { units: { [updates]: unitOff("spamassassin"), [daemon]: unitOff("spamd") } },
  render,
});

function render(): BundleBody {
  const check = "/usr/local/libexec/mailstack/spamassassin-check";
  return {
    files: filesFrom(
      "spamassassin",
      {
        "/etc/default/spamd": {},
        "/etc/spamassassin/local.cf": {},
        [`/etc/systemd/system/${daemon}.d/mailstack.conf`]: {},
        [check]: program,
      },
      { user, children, socket: spamdSocket, rspamdUser, sandbox, memoryMb: filterMemoryMb.spamAssassin },
    ),
    prepare: [importKey, endAgent],
    validate: [["spamassassin", "--lint", "--local"]],
    units: { [daemon]: { onChange: "restart" }, [updates]: { onChange: "none" } },
    health: [{ run: [check], timeoutSeconds: 60 }],
  };
}
