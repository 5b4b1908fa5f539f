import { arrives } from "../../local-cloud/cli/checks";
import type { Stack } from "../../local-cloud/cli/stack";
import type { BenchCloud } from "../bench-cloud";
import type { Figure } from "../figure";
import { median, secondsList, timed } from "../measure";
import { slowSteps } from "../steps";

/** A fresh `up` until the first mail is in the Maildir, beside `apt-get install` of the same packages by hand. */
export const freshUp: Figure = {
  name: "fresh-up",
  about: "fresh up until the first mail / apt-get install of the same packages",
  byDefault: true,
  async measure(cloud) {
    cloud.progress("fresh-up: filling the apt cache");
    await installedByHand(cloud);
    const bare: number[] = [];
    const ups: number[] = [];
    let steps = "";
    for (let round = 0; round < Math.ceil(cloud.repeat / 3); round += 1) {
      bare.push(await installedByHand(cloud));
      cloud.progress(`fresh-up: apt-get by hand ${secondsList(bare)}; now a fresh up`);
      const stack = await cloud.withoutServer();
      const { seconds, result } = await timed(async () => {
        const up = await stack.pulumi(["up", "--yes", "--skip-preview", "--json"]);
        await firstMail(cloud, stack);
        return up;
      });
      ups.push(seconds);
      steps = slowSteps(result.stdout, 2);
      cloud.progress(`fresh-up: up and mail ${secondsList(ups)}; ${steps}`);
    }
    const value = median(ups) / median(bare);
    const detail = `up and mail ${secondsList(ups)}; apt-get ${secondsList(bare)}; steps: ${steps}`;
    return [{ what: "fresh `up` to first mail / `apt-get install`", value, unit: "x", atMost: 1.5, detail }];
  },
};

async function installedByHand(cloud: BenchCloud): Promise<number> {
  const host = await cloud.plainHost();
  try {
    return await host.installPackages(cloud.settings.os);
  } finally {
    await host.remove();
  }
}

/** A mail from the peer, resolved when it lies in the Maildir. */
async function firstMail(cloud: BenchCloud, stack: Stack): Promise<void> {
  const server = await cloud.found(stack);
  const system = await cloud.system();
  const subject = `first mail ${Date.now()}`;
  const letter = { from: "friend@peer.example", to: `ceo@${server.domain}`, subject };
  const sent = await cloud.peer.send({ ...letter, server: server.hostname });
  if (sent.code !== 250) throw new Error(`the first mail was not taken: ${sent.transcript}`);
  const folder = `/var/vmail/${server.domain}/ceo/Maildir/new`;
  if (!(await arrives(system, folder, subject))) throw new Error(`the first mail did not reach ${folder} in 30 s`);
}
