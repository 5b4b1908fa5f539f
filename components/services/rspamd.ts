import { sandbox } from "../deployment/sandbox";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom, pluginFile, program } from "../deployment/files";
import { dkimKeys, type DkimSettings } from "./dkim-keys";
import { redisGroup, redisSocket } from "./redis";
import { networksOf, type TrustedExchanger } from "../reach/trusted";
import { filterFiles, taskSeconds } from "./rspamd-filters";
import type { Stack } from "./stack";

/** Name of the secret that is the controller's password. */
export const controllerSecret = "rspamd-controller";
/** Messages of each kind that must be learned before they count; Rspamd's own number, also `mailstack status` names it. */
const minimumLearned = 200;

/** Where Rspamd's workers scan mail. */
export const milterPort = 11332;
/** One of them is always free for small mail, see host/mailstack/daemons/mail_guard.py. */
const milterWorkers = 2;
/** Where its web interface is, for the host alone and with a password. */
export const controller = "127.0.0.1:11334";

export const rspamdPackages = ["rspamd", "openssl"];

/** Who Rspamd runs as. */
export const rspamdUser = "_rspamd";
/** `learn learn-spam` or `learn learn-ham` teaches Rspamd the message on standard input; for {@link rspamdUser} only. */
export const learnProgram = "/usr/local/libexec/mailstack/learn";

const dkimService = "mailstack-dkim.service";
const dkimTimer = "mailstack-dkim.timer";
/** Who signs; host/mailstack/keys/dkim.py writes it. */
const signing = "/etc/rspamd/dkim_domains.inc";
const settle = ["/usr/local/sbin/mailstack", "rspamd-settle", "--port", `${milterPort}`];
const watchProgram = "/usr/local/libexec/mailstack/rspamd-watch";
const watchService = "mailstack-rspamd-watch.service";
/** The same for Rspamd's own user and root, without a password. */
export const controllerSocket = "/run/rspamd/controller.sock";
const settleTimer = "mailstack-rspamd-settle.timer";
const settleService = "mailstack-rspamd-settle.service";
/** Ends when Rspamd listens and uses no more memory than it needs. For the prepare step of who needs its port. */
export const settleRspamd = ["systemctl", "start", settleService];
const controllerFile = "/etc/rspamd/override.d/worker-controller.inc";
const controllerPasswordFile = "/etc/rspamd/override.d/controller-password.inc";
const proxy = "/etc/rspamd/local.d/worker-proxy.inc";
/** Addresses are bound at the start only. */
const listeners = [controllerFile, proxy];
const knownSenderFiles = ["composites.conf", "known_senders.conf", "policies_group.conf"];
/** Configuration that holds no secret is for everybody to read. */
const plain = {};

/**
 * Rspamd behind the guard of Postfix, its web interface at {@link controller}.
 * Needs the secret {@link controllerSecret} (letters and digits only) on the host, and Redis.
 */
export const rspamd = defineService({
  name: "rspamd",
  type: "mail:Rspamd",
  after: ["redis"],
  packages: rspamdPackages,
  modules: ["daemons/rspamd_settle.py"],
  // What asks Rspamd has a user that systemd makes (`DynamicUser`).
  innerPorts: [{ ports: [milterPort], users: ["61184-65519"] }],
  render,
});

function render(
  stack: DkimSettings &
    Pick<Stack, "system" | "userRecipientsPerHour" | "spamAutolearn" | "clamav" | "spamAssassin" | "backupMxs">,
): BundleBody {
  const networks = networksOf(stack.backupMxs ?? []);
  const keys = dkimKeys(stack, `root:${rspamdUser}`);
  const local = "/etc/rspamd/local.d";
  const knownSenders = stack.system.rspamdKnowsSenders
    ? filesFrom("rspamd", Object.fromEntries(knownSenderFiles.map((name) => [`${local}/${name}`, plain])), {})
    : {};
  return {
    files: {
      ...filesFrom(
        "rspamd",
        {
          [`${local}/actions.conf`]: plain,
          [`${local}/arc.conf`]: plain,
          [`${local}/classifier-bayes.conf`]: plain,
          [`${local}/dkim_signing.conf`]: plain,
          [`${local}/dmarc.conf`]: plain,
          [`${local}/headers_group.conf`]: plain,
          [`${local}/logging.inc`]: plain,
          [`${local}/milter_headers.conf`]: plain,
          [`${local}/options.inc`]: plain,
          [`${local}/redis.conf`]: plain,
          [`${local}/rspamd.lua`]: plain,
          [`${local}/replies.conf`]: plain,
          [`${local}/settings.conf`]: plain,
          [`${local}/worker-normal.inc`]: plain,
          [proxy]: plain,
          "/etc/rspamd/mailstack.d/recipients-settings": plain,
          "/etc/rspamd/override.d/options.inc": plain,
          "/etc/rspamd/override.d/ratelimit.conf": plain,
          [controllerFile]: plain,
          [controllerPasswordFile]: { owner: "root:_rspamd", mode: "0640" },
          [`/etc/systemd/system/${settleService}`]: plain,
          [`/etc/systemd/system/${settleTimer}`]: plain,
          [`/etc/systemd/system/${dkimService}`]: plain,
          [`/etc/systemd/system/${dkimTimer}`]: plain,
          "/etc/systemd/system/rspamd.service.d/mailstack.conf": plain,
          [watchProgram]: program,
          [`/etc/systemd/system/${watchService}`]: plain,
          [learnProgram]: program,
        },
        {
          signing,
          settle: settle.join(" "),
          watchProgram,
          milter: `127.0.0.1:${milterPort}`,
          milterPort,
          milterWorkers,
          controller,
          controllerSocket,
          controllerSecret,
          redisSocket,
          redisGroup,
          controllerPasswordFile,
          recipientsPerHour: stack.userRecipientsPerHour,
          recipientsPerHourByScript: Math.floor((stack.userRecipientsPerHour * 4) / 5),
          autolearn: stack.spamAutolearn,
          minimumLearned,
          rejectScore: 15,
          sandbox,
          clamav: stack.clamav,
          taskSeconds,
          backupMx: networks.length > 0 ? [{ networks: JSON.stringify(networks) }] : [],
        },
      ),
      "/etc/rspamd/mailstack.d/recipients.lua": pluginFile("recipients.lua"),
      ...keys.files,
      ...relayFiles(stack.backupMxs ?? []),
      ...filterFiles(stack),
      ...knownSenders,
    },
    prepare: keys.prepare,
    validate: [["rspamadm", "configtest"]],
    // A reload starts new workers on the same sockets while the old ones finish: no message is put off. A restart on
    // Debian 13 stops for up to 16 s (twice Rspamd's task_timeout) once it has seen certain messages.
    units: {
      "rspamd.service": { onChange: "reload", restartOn: listeners },
      [settleTimer]: { onChange: "none" },
      [watchService]: { onChange: "restart" },
    },
    health: [{ run: [...settle, "--check"], timeoutSeconds: 60 }],
    // The first start compiles patterns for many seconds before it listens. Other services are set up meanwhile;
    // Postfix, which needs the port, waits for it.
    after: [["systemctl", "start", "--no-block", settleService], ...keys.after],
    state: keys.state,
    outputs: keys.outputs,
  };
}

/** Mail that a backup MX hands on is judged as that of who handed it to it. */
function relayFiles(exchangers: readonly TrustedExchanger[]): BundleBody["files"] {
  const names = [...new Set(exchangers.map(({ hostname }) => hostname))];
  if (names.length === 0) return {};
  return filesFrom("rspamd", { "/etc/rspamd/local.d/external_relay.conf": plain }, { names: JSON.stringify(names) });
}
