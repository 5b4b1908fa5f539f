/** The policy pack by the real engine, at `preview`. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { stringify } from "yaml";
import { EngineStack } from "./engine/stack";

const pack = join(__dirname, "../../policy");
const good = { protect: "true", dmarc: "reject", hostKey: "ssh-ed25519 AAAA" };

describe("the policy pack", { concurrency: false }, () => {
  let stack: EngineStack;
  before(async () => {
    stack = await EngineStack.start("policy-program", "prod");
  });
  after(() => stack?.close());

  function preview(values: Partial<typeof good>): ReturnType<EngineStack["pulumi"]> {
    const config = Object.fromEntries(Object.entries(values).map(([key, value]) => [`policy:${key}`, value]));
    writeFileSync(join(stack.program, "Pulumi.prod.yaml"), stringify({ config }));
    return stack.pulumi("preview", "--policy-pack", pack);
  }

  it("a stack that keeps every rule is previewed", async () => {
    const { code, text } = await preview(good);
    assert.equal(code, 0, text);
    assert.match(text, /mailstack@v1\.0\.0/);
  });

  it("each rule that is broken ends the preview and is named", async () => {
    const { code, text } = await preview({ protect: "false", dmarc: "none" });
    assert.notEqual(code, 0, text);
    for (const rule of ["protected-host", "dmarc-enforced", "host-key"])
      assert.match(text, new RegExp(`\\[mandatory\\] +${rule} `));
    assert.match(text, /host is not protected; set mailstack:protect to true/);
    assert.match(text, /dmarc is "{1,2}v=DMARC1; p=none"{1,2}; set mailstack:dmarcPolicy/);
    assert.match(text, /command takes any host that answers at 192\.0\.2\.1; give its connection a hostKey/);
  });
});
