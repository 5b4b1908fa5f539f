import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { prepareStack } from "../../local-cloud/cli/bring-up";
import type { Stack } from "../../local-cloud/cli/stack";
import { linode, makeZone } from "./support/linode";
import { oneSystem, serverFor, testCloud, type Server } from "./support/servers";

const [os] = oneSystem("records alone are looked at");
const domain = "atlinode.example";
const program = { cwd: join(__dirname, "linode-dns-program"), reject: false };

/** What a resolver of the world would ask for; CAA, A and TXT of the host among them. */
const questions: [name: string, type: string][] = [
  ["", "MX"],
  ["", "TXT"],
  ["mail.", "A"],
  ["mail.", "AAAA"],
  ["mail.", "TXT"],
  ["mail.", "CAA"],
  ["ementech1._domainkey.", "TXT"],
  ["_dmarc.", "TXT"],
  ["_smtp._tls.", "TXT"],
  ["_submissions._tcp.", "SRV"],
  ["_submission._tcp.", "SRV"],
  ["_imaps._tcp.", "SRV"],
  ["_pop3s._tcp.", "SRV"],
];

describe("the DNS at Linode", () => {
  let server: Server;
  let stack: Stack;
  let id: number;

  before(async () => {
    server = await serverFor(os);
    stack = (
      await prepareStack({
        cloud: testCloud,
        stack: "linode-dns",
        os,
        progress: () => undefined,
      })
    ).stack;
    ({ id } = await makeZone(server, domain));
    const outputs = JSON.parse((await server.stack.pulumi(["stack", "output", "--json"])).stdout) as {
      ipv4: string;
      ipv6: string;
      dkim: Record<string, string>;
    };
    const { ipv4, ipv6, dkim } = outputs;
    const values = { domain, linodeDomainId: id, ipv4, ipv6, dkim: dkim[server.domain] };
    stack.configure((config) => {
      for (const [key, value] of Object.entries(values)) config.setIn(["config", `mailstack:${key}`], value);
    });
  });
  after(async () => {
    await stack.pulumi(["destroy", "--yes", "--skip-preview"], program);
    await linode(server, "DELETE", `domains/${id}`);
  });

  async function answers(name: string, type: string): Promise<string[]> {
    const { stdout } = await server.inCloud(["dig", "+short", name, type]);
    return stdout.split("\n").filter(Boolean).sort();
  }

  test("up makes the records, and a second up and a refresh change nothing", async () => {
    const up = await stack.pulumi(["up", "--yes", "--skip-preview"], program);
    assert.equal(up.exitCode, 0, up.stdout + up.stderr);
    for (const words of [
      ["up", "--yes", "--skip-preview", "--expect-no-changes"],
      ["refresh", "--yes", "--skip-preview", "--expect-no-changes"],
    ]) {
      const again = await stack.pulumi(words, program);
      assert.equal(again.exitCode, 0, again.stdout + again.stderr);
    }
  });

  for (const [prefix, type] of questions)
    test(`${prefix || "the domain itself "}${type} is the same as at Cloudflare`, async () => {
      const there = await answers(`${prefix}${server.domain}`, type);
      const here = await answers(`${prefix}${domain}`, type);
      assert.ok(there.length > 0, "Cloudflare's zone has it");
      assert.deepEqual(here, there.map((line) => line.replaceAll(server.domain, domain)).sort());
    });
});
