import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertValid } from "./support/certificates";
import { oneSystem, serverFor, type Server } from "./support/servers";

for (const os of oneSystem(
  "a record and a file behind nginx, as any other page; nginx.test.ts sees nginx on each system",
)) {
  describe(`MTA-STS on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
    });

    const dig = async (name: string, type: string) =>
      (await server.inCloud(["dig", "+short", name, type])).stdout.trim().split("\n").filter(Boolean);
    const record = async () => (await dig(`_mta-sts.${server.domain}`, "TXT"))[0] ?? "";
    const setMode = async (mode: string) => {
      server.stack.configure((config) => config.setIn(["config", "mailstack:mtaSts"], mode));
      return (await server.up()).summary;
    };

    /** The policy as a sender gets it: over a TLS connection whose certificate is good, without being led elsewhere. */
    async function policy(): Promise<{ kind: string; lines: string[] }> {
      const url = `https://mta-sts.${server.domain}/.well-known/mta-sts.txt`;
      const how = ["--write-out", "\n%{http_code} %{content_type}"];
      const got = await server.inCloud(["curl", "--silent", "--show-error", "--cacert", server.trustFile, ...how, url]);
      assert.equal(got.exitCode, 0, got.stderr);
      const lines = got.stdout.split("\n");
      return { kind: lines.at(-1)!, lines: lines.slice(0, -2) };
    }

    test("the policy is there, and names the domain's only mail exchanger", async () => {
      assert.match(await record(), /^"v=STSv1; id=[0-9a-z]{1,32};"$/);
      const { kind, lines } = await policy();
      assert.equal(kind, "200 text/plain");
      assert.deepEqual(lines, ["version: STSv1", "mode: testing", `mx: ${server.hostname}`, "max_age: 86400"]);
      const exchangers = (await dig(server.domain, "MX")).map((line) => line.split(" ")[1]!.replace(/\.$/, ""));
      assert.deepEqual(exchangers, [server.hostname]);
    });

    test("the exchanger keeps it: STARTTLS with a certificate for its name", async () => {
      await assertValid(server, [25, "smtp"], server.hostname);
      await assertValid(server, [443, undefined], `mta-sts.${server.domain}`);
    });

    test("another mode is another policy with another id", async () => {
      const before = await record();
      assert.deepEqual(await setMode("enforce").then(({ update, create }) => [update, create]), [3, undefined]);
      assert.deepEqual((await policy()).lines.slice(1), [
        "mode: enforce",
        `mx: ${server.hostname}`,
        "max_age: 1209600",
      ]);
      assert.notEqual(await record(), before);
      await setMode("testing");
      assert.equal(await record(), before, "the id is the policy's, not the time's");
    });

    test("none: no record, no name, no answer", async () => {
      await setMode("none");
      assert.equal(await record(), "");
      assert.deepEqual(await dig(`mta-sts.${server.domain}`, "A"), []);
      const at = `mta-sts.${server.domain}:443:${server.ipv4}`;
      const got = await server.inCloud([
        "curl",
        "--silent",
        "--show-error",
        "--insecure",
        "--resolve",
        at,
        `https://mta-sts.${server.domain}/`,
      ]);
      assert.equal(got.exitCode, 35, `${got.stdout}${got.stderr}`);
      assert.equal((await server.system.exec(["mailstack", "verify"])).stdout, "");
    });
  });
}
