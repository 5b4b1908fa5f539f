import { execa } from "execa";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { addresses } from "../../local-cloud/contracts";
import type { System } from "../../local-cloud/peer/system";
import { hostNamespace } from "../../local-cloud/places";
import type { BenchCloud } from "../bench-cloud";
import { defaultMailbox, joinDefaults } from "../debian-default";
import type { Figure } from "../figure";
import { median } from "../measure";
import type { Load, LoadResult } from "../smtp-load";

const sessions = 10;
const messages = 200;

interface Target {
  system: System;
  address: string;
  to: string;
  maildir: string;
}

/** Messages a second, from the first connection until the last one is in the Maildir, scanned by Rspamd. */
export const inboundRate: Figure = {
  name: "inbound-rate",
  about: "inbound messages/s over 10 sessions, beside Debian's default configuration",
  byDefault: true,
  async measure(cloud) {
    const server = await cloud.server();
    const system = await cloud.system();
    const { os } = cloud.settings;
    cloud.progress("inbound-rate: a host with Debian's default configuration");
    const plain = await cloud.plainHost();
    const ours = { system, address: server.address, to: `ceo@${server.domain}` };
    const maildir = `/var/vmail/${server.domain}/ceo/Maildir/new`;
    const rates = { ours: [] as number[], debian: [] as number[] };
    try {
      await plain.installPackages(os);
      await joinDefaults(plain, os);
      await withoutClientLimits(system, async () => {
        const debian = { ...plain, to: defaultMailbox.address, maildir: defaultMailbox.maildir };
        // The first load makes mailboxes and fills caches.
        for (let round = 0; round <= cloud.repeat; round += 1) {
          const first = await rate(cloud, { ...ours, maildir });
          const second = await rate(cloud, { ...debian, system: plain.system, address: plain.address });
          cloud.progress(`inbound-rate: ours ${first.toFixed(1)}, Debian's ${second.toFixed(1)} messages/s`);
          if (round === 0) continue;
          rates.ours.push(first);
          rates.debian.push(second);
        }
      });
    } finally {
      await plain.remove();
    }
    const list = (values: number[]) => values.map((value) => value.toFixed(1)).join(", ");
    const detail = `${sessions} sessions, ${messages} messages a round: ${list(rates.ours)}`;
    const beside = `Debian's default ${list(rates.debian)} messages/s`;
    const ratio = median(rates.ours) / median(rates.debian);
    return [
      { what: "inbound mail with Rspamd", value: median(rates.ours), unit: "messages/s", detail },
      { what: "inbound mail / Debian's default configuration", value: ratio, unit: "x", detail: beside },
    ];
  },
};

async function rate(cloud: BenchCloud, target: Target): Promise<number> {
  const { identity } = cloud.peer;
  const load: Load = {
    address: target.address,
    sessions,
    messages,
    helo: identity.hostname,
    from: `friend@${identity.domain}`,
    to: target.to,
  };
  const before = await stored(target);
  const script = join(__dirname, "../smtp-load.ts");
  const namespace = hostNamespace(cloud.name, identity.host);
  const node = [process.execPath, "--import", "tsx", script, JSON.stringify(load)];
  const { stdout } = await execa("ip", ["netns", "exec", namespace, ...node]);
  const result = JSON.parse(stdout) as LoadResult;
  if (result.accepted !== messages)
    throw new Error(`${target.to}: ${result.accepted} of ${messages} messages were taken; ${result.refusal}`);
  for (let waited = 0; (await stored(target)) < before + messages; waited += 1) {
    if (waited === 600) throw new Error(`not all messages reached ${target.maildir} in a minute`);
    await sleep(100);
  }
  return (messages * 1000) / (Date.now() - result.began);
}

async function stored({ system, maildir }: Target): Promise<number> {
  const { stdout } = await system.exec(["find", maildir, "-type", "f", "-printf", "."]);
  return stdout.length;
}

/** One client sends all of the load; the limits for a client, which Mailstack has and Debian has not, would stop it. */
async function withoutClientLimits(system: System, work: () => Promise<void>): Promise<void> {
  const file = "/etc/postfix/main.cf";
  const before = await system.must(["cat", file]);
  const exception = `\nsmtpd_client_event_limit_exceptions = $mynetworks, ${addresses.peer}\n`;
  const write = async (text: string) => {
    await system.must(["sh", "-c", `cat > ${file}`], { input: text });
    await system.must(["postfix", "reload"]);
  };
  await write(before + exception);
  try {
    await work();
  } finally {
    await write(before);
  }
}
