import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { applyWell } from "./support/applier";
import { KilledApplies, steps } from "./support/killed-apply";
import { oneSystem, serverFor, type Server } from "./support/servers";

for (const os of oneSystem("the steps are our own program's; kill.test.ts has the telling ones on each system")) {
  describe(`the applier killed at every step on ${os}`, () => {
    let server: Server;
    let applies: KilledApplies;
    before(async () => {
      server = await serverFor(os);
      applies = await KilledApplies.of(server);
    });
    after(async () => {
      if (applies) await applyWell(server, applies.declared);
    });

    test("at each step: the next run repairs; Postfix answers all the time and delivers", async (context) => {
      const all = await steps(server);
      assert.ok(all.length > 20, all.join(" "));
      await applies.at(all, (step, body) => context.test(step, body));
    });
  });
}
