/** What the stand-ins do where the vendor's plugins differ on purpose: they refuse what they do not have, and say at once why a boot failed. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ProvidersCloud } from "./providers-cloud";
import { engineUnderTest } from "./providers-engine";

const up = ["up", "--yes", "--skip-preview"];
const skip = process.env.MAILSTACK_ENGINE === "vendor" && "the vendor's plugins have all inputs, and wait 15 minutes";

describe("failures of the provider stand-ins", { concurrency: false, skip }, () => {
  let cloud: ProvidersCloud;
  before(async () => {
    cloud = await ProvidersCloud.start(await engineUnderTest());
  });
  after(() => cloud?.close());

  it("an input that is not known is refused by name, already in the preview", async () => {
    await cloud.configure({ stackscriptId: 7 });
    const { code, text } = await cloud.pulumi("preview");
    assert.notEqual(code, 0);
    assert.match(text, /linode:index:Instance \(vm\)/);
    assert.match(
      text,
      /stackscriptId.*is not known to this stand-in|is not known to this stand-in.*stackscriptId/s,
      text,
    );
  });

  it("an instance that cannot boot is kept in the state, and boots with the next up", async () => {
    await cloud.configure({});
    cloud.hosts.failBoot = "no memory left";
    const failed = await cloud.pulumi(...up);
    assert.notEqual(failed.code, 0);
    assert.match(failed.text, /did not boot: .*no memory left/, failed.text);
    const { instances } = (await cloud.apiState()).linode;
    assert.equal(instances.length, 1);
    assert.equal((await cloud.resources()).get("linode:index/instance:Instance::vm")!.id, String(instances[0]!.id));
    cloud.hosts.failBoot = undefined;
    await cloud.succeed(...up);
    assert.equal((await cloud.apiState()).linode.instances.length, 1);
    assert.equal(cloud.hosts.running.size, 1);
    await cloud.succeed("up", "--yes", "--skip-preview", "--expect-no-changes");
    await cloud.succeed("destroy", "--yes", "--skip-preview");
    assert.deepEqual((await cloud.apiState()).linode.instances, []);
  });
});
