import { sandbox } from "../host/sandbox";
import type { Bundle } from "../rendering/bundle";
import { filesFrom, program } from "../rendering/files";
import { filterMemoryMb } from "../settings/filters";
import { spamdSocket, unitOff } from "./rspamd-filters";
import { rspamdPackages, rspamdUser } from "./rspamd.render";

/** Settings of the second spam filter. */
export interface SpamAssassinSettings {
  /** Without it, what an earlier deployment started is stopped; its rules stay. */
  enabled: boolean;
}

/**
 * Without gpg Debian's job leaves the rules as old as the package, and says nothing. Without its agent the package's
 * installation fails.
 */
export const spamAssassinPackages = ["gpg", "gpg-agent", "spamassassin", "spamd"];

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
export function renderSpamAssassin(settings: SpamAssassinSettings): Bundle {
  if (!settings.enabled) {
    const units = { [updates]: unitOff("spamassassin"), [daemon]: unitOff("spamd") };
    return { service: "spamassassin", files: {}, units };
  }
  const check = "/usr/local/libexec/mailstack/spamassassin-check";
  return {
    service: "spamassassin",
    packages: [...spamAssassinPackages, ...rspamdPackages],
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
