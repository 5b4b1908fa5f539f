import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { zoneId } from "../../local-cloud/api";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { underMail } from "./support/under-mail";
import { until } from "./support/until";

/** A zone that no system's own stack uses. */
const other = "third.example";
const friend = "friend@peer.example";

for (const os of oneSystem(
  "names, keys and the order of records and services come from the program; daemons get a name like any setting",
)) {
  describe(`changes of the DNS under mail on ${os}`, () => {
    let server: Server;
    const ask = async (name: string, type: string) =>
      (await server.inCloud(["dig", "+short", name, type])).stdout.split("\n").filter(Boolean).sort();
    const configure = (values: Record<string, unknown>) =>
      server.stack.configure((config) => {
        for (const [key, value] of Object.entries(values)) config.setIn(["config", `mailstack:${key}`], value);
      });
    /** An `up` under mail: none bounces, and each is delivered. Another `up` then changes nothing. */
    const upUnderMail = async (recipients: string[]) => {
      await underMail(server.peer, recipients, async () => {
        await server.up();
      });
      assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    };

    before(async () => {
      server = await serverFor(os);
      server.stack.configure((config) => {
        config.setIn(["config", "mailstack:domains"], [{ name: other, cloudflareZoneId: zoneId(other) }]);
        config.addIn(["config", "mailstack:users"], { address: `ann@${other}` });
      });
      await server.up();
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
      await server.system.must(["mailstack", "user", "purge", `ann@${other}`, "--yes"]);
    });

    test("another host name: no mail bounces, and the name of before leads here while others remember it", async () => {
      configure({ hostname: `mx.${server.domain}` });
      await upUnderMail([server.address("ceo"), `ann@${other}`]);
      for (const domain of [server.domain, other])
        assert.deepEqual(await ask(domain, "MX"), [`10 mx.${server.domain}.`]);
      for (const name of ["mx", "mail"]) assert.deepEqual(await ask(`${name}.${server.domain}`, "A"), [server.ipv4]);
    });

    test("a new DKIM key signs once its record is in the DNS, and the record of before stays", async () => {
      configure({ dkimSelector: "newkey" });
      await server.up();
      for (const domain of [server.domain, other])
        for (const selector of ["newkey", "ementech1"])
          assert.match((await ask(`${selector}._domainkey.${domain}`, "TXT"))[0] ?? "", /^"v=DKIM1;/);
      const subject = server.unique("signed");
      const login = {
        server: `mx.${server.domain}`,
        port: 587,
        tls: "required" as const,
        ...(await server.login("ceo")),
      };
      const sent = await server.peer.send({ from: server.address("ceo"), to: friend, subject, ...login });
      assert.equal(sent.code, 250, sent.transcript);
      const { verdicts, ...message } = await server.peer.received({ subject });
      assert.equal(verdicts?.dkim, "pass");
      assert.match(JSON.stringify(message), /s=newkey/);
      assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    });

    test("the main domain and a hosted one change places: no mail bounces", async () => {
      server.stack.configure((config) => {
        config.setIn(["config", "mailstack:domain"], other);
        config.setIn(["config", "mailstack:cloudflareZoneId"], zoneId(other));
        config.setIn(["config", "mailstack:hostname"], "");
        config.setIn(
          ["config", "mailstack:domains"],
          [{ name: server.domain, cloudflareZoneId: zoneId(server.domain) }],
        );
      });
      await upUnderMail([server.address("ceo"), `ann@${other}`]);
      for (const domain of [server.domain, other]) assert.deepEqual(await ask(domain, "MX"), [`10 mail.${other}.`]);
      for (const name of [`mail.${other}`, `mx.${server.domain}`])
        assert.deepEqual(await ask(name, "A"), [server.ipv4]);
    });

    test("status is content with all of it", async () => {
      await until(
        "the name is the new one",
        async () => (await server.system.exec(["mailstack", "status"])).exitCode === 0,
        60,
      );
    });
  });
}
