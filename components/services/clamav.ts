import { sandbox } from "../deployment/sandbox";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom, program } from "../deployment/files";
import { filterMemoryMb } from "../settings/filters";
import { clamdSocket, unitOff } from "./rspamd-filters";
import { rspamdPackages, rspamdUser } from "./rspamd";
import type { Stack } from "./stack";

const daemonPackage = "clamav-daemon";
const updaterPackage = "clamav-freshclam";
const clamAvPackages = [daemonPackage, updaterPackage];

/** Debian would write clamd's configuration anew at each upgrade; freshclam's, which names the mirrors, is Debian's. */
const clamAvDebconf = ["clamav-daemon clamav-daemon/debconf boolean false"];

/** Who clamd and freshclam run as. */
const user = "clamav";
const signatures = "/var/lib/clamav";
/** Rspamd adds a few headers of its own to what it was given; 10 MiB are more than it ever takes. */
const spareMb = 10;
const etc = "/etc/systemd/system";
const libexec = "/usr/local/libexec/mailstack";
const daemon = "clamav-daemon.service";
const socketUnit = "clamav-daemon.socket";
const updater = "clamav-freshclam.service";
/** Debian 13 runs them at each boot; the updater then cannot have its log. */
const others = ["clamav-freshclam-once.timer", "clamav-freshclam-once.service"] as const;
const socketFile = `${etc}/${socketUnit}.d/mailstack.conf`;

/** What an earlier deployment started is stopped; its signatures stay. */
const stopped = Object.fromEntries([
  ...[...others, updater].map((unit) => [unit, unitOff(updaterPackage)] as const),
  ...[socketUnit, daemon].map((unit) => [unit, unitOff(daemonPackage)] as const),
]);

/** Any signatures will do. Debian wants two files of its own provider, and an administrator may have others. */
const conditions = ["", "|*.c[lv]d", "|*.[hn]db"].map(
  (pattern) => `ConditionPathExistsGlob=${pattern.replace("|", `|${signatures}/`)}`,
);

/** ClamAV's daemon for Rspamd, and what keeps its signatures new. */
export const clamAv = defineService({
  name: "clamav",
  type: "mail:ClamAv",
  enabled: ({ clamav }) => clamav,
  packages: [...clamAvPackages, ...rspamdPackages],
  modules: ["daemons/clamav_check.py"],
  debconf: clamAvDebconf,
  whenOff: { units: stopped },
  render,
});

function render(stack: Pick<Stack, "clamav" | "messageSizeLimitMb">): BundleBody {
  const conf = "/etc/clamav/clamd.conf";
  const fetch = `${libexec}/clamav-signatures`;
  const check = `${libexec}/clamav-check`;
  return {
    files: filesFrom(
      "clamav",
      {
        [conf]: {},
        [socketFile]: {},
        [`${etc}/${daemon}.d/mailstack.conf`]: {},
        [`${etc}/${updater}.d/mailstack.conf`]: {},
        // Here and not among Rspamd's own: it comes before Rspamd waits longer, and goes after, and restarts nothing.
        [`${etc}/rspamd.service.d/mailstack-clamav.conf`]: {},
        [fetch]: program,
        [check]: program,
      },
      {
        socket: clamdSocket,
        signatures,
        user,
        rspamdUser,
        updaters: [...others, updater].join(" "),
        conditions,
        sandbox,
        memoryMb: filterMemoryMb.clamav,
        sizeLimitMb: stack.messageSizeLimitMb + spareMb,
      },
    ),
    prepare: [[fetch]],
    units: {
      ...Object.fromEntries(others.map((unit) => [unit, { onChange: "none", running: false }])),
      [updater]: { onChange: "none" },
      [socketUnit]: { onChange: "none" },
      // A reload reads signatures only.
      [daemon]: { onChange: "restart", restartOn: [socketFile] },
    },
    // Loading takes a minute on a small host.
    health: [{ run: [check], timeoutSeconds: 300 }],
  };
}
