import assert from "node:assert/strict";
import type { Bundle } from "../../../components/deployment/bundle";
import { apply, applyWell, assertDelivers, assertWhole, bundleOf, changed, greeting, mainCf } from "./applier";
import type { Server } from "./servers";

/** Steps of putting back; the others are on the way to a new state. */
const puttingBack = ["restored-first", "restored", "put-back"];
/** From here on the new state stands. */
const afterCommit = ["committed", "manifest", "cleaned", "done"];

/** The applier's own list of the steps at which it can be killed. */
export async function steps(server: Server): Promise<string[]> {
  const list = await server.system.must(["mailstack", "apply", "--list-steps"]);
  const all = [...list.matchAll(/^(\S+) {2,}\S/gm)].map((match) => match[1]!);
  for (const step of [...puttingBack, ...afterCommit]) assert.ok(all.includes(step), step);
  return all;
}

/** Kills an apply of Postfix's configuration at each of the steps, each a test of its own. */
export class KilledApplies {
  private constructor(
    private readonly server: Server,
    readonly declared: Bundle,
    private readonly redis: Bundle,
  ) {}

  static async of(server: Server): Promise<KilledApplies> {
    return new KilledApplies(server, await bundleOf(server, "postfix"), await bundleOf(server, "redis"));
  }

  /** @param test - Runs a step as a test; it belongs to the file that has this call. */
  async at(chosen: string[], test: (step: string, body: () => Promise<void>) => Promise<void>): Promise<void> {
    let now = this.declared;
    let megabytes = 41;
    for (const step of chosen) {
      await test(step, async () => {
        const next = this.limited(megabytes);
        await this.killedAt(step, now, next);
        if (!afterCommit.includes(step)) return;
        now = next;
        megabytes += 1;
      });
    }
  }

  /** Killed at this step, then another service's run: files, daemon and mail are as before or as after. */
  private async killedAt(step: string, old: Bundle, next: Bundle): Promise<void> {
    const failing = { ...next, health: [{ run: ["false"], timeoutSeconds: 0 }] };
    const killed = await apply(this.server, puttingBack.includes(step) ? failing : next, step);
    assert.equal(killed.exitCode, 137, `${step}: not killed: ${killed.stderr}`);
    assert.match(await greeting(this.server), /^220 /, `${step}: no answer before the repair`);

    const repairing = await applyWell(this.server, this.redis);
    const expected = (afterCommit.includes(step) ? next : old).files[mainCf]!.content;
    assert.equal(await this.server.system.must(["cat", mainCf]), expected, `${step}: ${repairing.stderr}`);
    await assertWhole(this.server);
    await assertDelivers(this.server);
  }

  private limited(megabytes: number): Bundle {
    return changed(this.declared, mainCf, (text) =>
      text.replace(/^message_size_limit = .*$/m, `message_size_limit = ${megabytes * 1024 * 1024}`),
    );
  }
}
