import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Figure } from "../figure";

/** Units of the mail stack and its webmail; the resolver is one of them, since mail does not flow without it. */
const mailUnits = /^(postfix|dovecot|rspamd|redis|unbound|nginx|php|fail2ban|rsyslog|mailstack-)/;
/** Daemons have done their first work by then. */
const settleSeconds = 120;

/** Memory of the idle mail stack, and whether the host ever ran out of its plan's memory. */
export const memory: Figure = {
  name: "memory",
  about: "idle memory (PSS) of the mail stack, and out-of-memory kills of the host",
  byDefault: true,
  async measure(cloud) {
    const server = await cloud.server();
    const system = await cloud.system();
    cloud.progress(`memory: waiting ${settleSeconds} s`);
    await sleep(settleSeconds * 1000);
    const script = readFileSync(join(__dirname, "../pss.py"), "utf8");
    const units = JSON.parse(await system.must(["python3", "-"], { input: script })) as Record<string, number>;
    const mail = Object.entries(units).filter(([unit]) => mailUnits.test(unit));
    for (const daemon of ["postfix", "dovecot", "rspamd", "redis", "unbound", "nginx", "php"])
      if (!mail.some(([unit]) => unit.startsWith(daemon))) throw new Error(`${daemon} does not run on the mail host`);
    const megabytes = (kibibytes: number) => (kibibytes * 1024) / 1e6;
    const sum = (entries: [string, number][]) => entries.reduce((total, [, size]) => total + size, 0);
    const list = mail.map(([unit, size]) => `${unit.replace(".service", "")} ${megabytes(size).toFixed(0)}`);
    const whole = megabytes(sum(Object.entries(units)));
    const group = hostGroup(server.namespace, cloud.name);
    return [
      {
        what: "idle memory of the mail stack with webmail (sum of PSS)",
        value: megabytes(sum(mail)),
        unit: "MB",
        atMost: 300,
        detail: `${list.join(", ")}; all processes of the host ${whole.toFixed(0)} MB`,
      },
      {
        what: "out-of-memory kills of the 2 GiB host",
        value: kills(group),
        unit: "kills",
        atMost: 0,
        detail: `most memory at once, with caches: ${highest(group)}`,
      },
    ];
  },
};

/** The control group of a host, as local-cloud/hosts/cgroup.ts makes it. */
function hostGroup(namespace: string, cloud: string): string {
  const path = join(`mailstack-${cloud}`, namespace.slice(`ms-${cloud}-`.length));
  const found = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].map((root) => join(root, path)).find(existsSync);
  if (!found) throw new Error(`no memory control group ${path}`);
  return found;
}

/** Kills are counted where they happen, so those of all groups below are added. */
function kills(group: string): number {
  const file = ["memory.events.local", "memory.oom_control"].map((name) => join(group, name)).find(existsSync);
  if (!file) throw new Error(`the kernel counts no out-of-memory kills in ${group}`);
  const own = Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, "utf8"))?.[1]);
  if (Number.isNaN(own)) throw new Error(`${file} has no oom_kill`);
  const below = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return below.reduce((total, entry) => total + kills(join(group, entry.name)), own);
}

function highest(group: string): string {
  const file = ["memory.peak", "memory.max_usage_in_bytes"].map((name) => join(group, name)).find(existsSync);
  return file ? `${(Number(readFileSync(file, "utf8")) / 1e6).toFixed(0)} MB` : "not counted by this kernel";
}
