import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { defaultTokens } from "../../local-cloud/api";
import { bringUp, prepareStack, type LocalServer } from "../../local-cloud/cli/bring-up";
import { trustFile } from "../../local-cloud/cloud/lifecycle";
import type { Stack } from "../../local-cloud/cli/stack";
import { Peer } from "../../local-cloud/peer/peer";
import { System } from "../../local-cloud/peer/system";
import { linode, makeZone } from "./support/linode";
import { inTestCloud, testCloud } from "./support/servers";

const domain = "onlylinode.example";
const friend = "friend@peer.example";
// Debian 12 alone has certbot's plugin for Linode; elsewhere the configuration is refused.
const options = { cloud: testCloud, stack: "linode-host", os: "debian12", domain, progress: console.error };

describe("a mail server without any provider but Linode", () => {
  let stack: Stack;
  let local: LocalServer;
  let system: System;
  let zone: number;
  const peer = new Peer(testCloud);
  const cloud = { inCloud: inTestCloud, trustFile: trustFile(testCloud) };

  before(async () => {
    const settings = {
      "mailstack:dnsProvider": "linode",
      "mailstack:certificate": "dns-01",
    };
    stack = (await prepareStack({ ...options, settings })).stack;
    ({ id: zone } = await makeZone(cloud, domain));
    await stack.setSecret("mailstack:certificateDnsToken", defaultTokens.linode);
    local = await bringUp({ ...options, settings: { ...settings, "mailstack:linodeDomainId": zone } });
    system = new System(local.namespace);
  });
  after(async () => {
    await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
    await linode(cloud, "DELETE", `domains/${zone}`);
  });

  test("the certificate is for the domain and all below it, proven in Linode's DNS", async () => {
    const shown = await inTestCloud([
      "openssl",
      "s_client",
      "-connect",
      `${local.hostname}:993`,
      "-verify_return_error",
      "-CAfile",
      local.trustFile,
    ]);
    assert.equal(shown.exitCode, 0, shown.stderr);
    const names = await execa("openssl", ["x509", "-noout", "-ext", "subjectAltName"], { input: shown.stdout });
    assert.deepEqual(names.stdout.match(/DNS:\S+[^,\s]/g)?.sort(), [`DNS:*.${domain}`, `DNS:${domain}`]);
    const left = await inTestCloud(["dig", "+short", `_acme-challenge.${domain}`, "TXT"]);
    assert.equal(left.stdout, "", "the challenge is still in the zone");
  });

  test("mail flows both ways, and the peer finds SPF, DKIM and DMARC in Linode's DNS", async () => {
    const user = `ceo@${domain}`;
    const password = (await system.must(["mailstack", "user", "initial-password", user])).trim();
    const subject = `at Linode ${Date.now()}`;
    const how = { server: local.hostname, port: 587, tls: "required" as const, user, password };
    const out = await peer.send({ from: user, to: friend, subject, ...how });
    assert.equal(out.code, 250, out.transcript);
    const { verdicts } = await peer.received({ subject });
    assert.deepEqual(
      [verdicts?.spf, verdicts?.dkim, verdicts?.dmarc, verdicts?.iprev],
      ["pass", "pass", "pass", "pass"],
    );
    const { id } = await peer.sendThroughExim({ from: friend, to: user, subject, body: "hello\n" });
    assert.match(JSON.stringify((await peer.delivered(id)).attempts), /TLS1\.[23]/);
  });

  test("a second up changes nothing", async () => {
    const again = await stack.pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
    assert.equal(again.exitCode, 0, again.stdout + again.stderr);
  });
});
