import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { zoneId } from "../../local-cloud/api";
import { logIn, type Credentials } from "./support/password-client";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

/** A zone that no system's own stack uses. */
const other = "third.example";
const friend = "friend@peer.example";
const ann = `ann@${other}`;
/** An alias here of a user of the main domain. */
const team = `team@${other}`;

for (const os of oneSystem(
  "what a domain brings is rows of the database, records, names of the certificate and signing keys, made by our programs",
)) {
  describe(`a second mail domain on ${os}`, () => {
    let server: Server;
    const ask = async (name: string, type: string) => (await server.inCloud(["dig", "+short", name, type])).stdout;
    const password = async () => (await server.system.must(["mailstack", "user", "initial-password", ann])).trim();
    const send = async (to: string, subject: string) =>
      (await server.peer.send({ from: friend, to, subject, server: server.hostname })).code;
    const holds = async (mailbox: string, subject: string) =>
      (await server.system.exec(["grep", "-rql", subject, `/var/vmail/${mailbox}`])).exitCode === 0;

    const submission = (credentials: Credentials) => ({
      ...{ server: server.hostname, port: 587, tls: "required" as const },
      ...credentials,
    });
    /** The peer takes it, and finds it sent and signed by the second domain. */
    const assertPasses = async (from: string, credentials: Credentials) => {
      const subject = server.unique("outbound");
      const sent = await server.peer.send({ from, to: friend, subject, ...submission(credentials) });
      assert.equal(sent.code, 250, sent.transcript);
      const { verdicts, ...message } = await server.peer.received({ subject });
      assert.deepEqual([verdicts?.spf, verdicts?.dkim, verdicts?.dmarc], ["pass", "pass", "pass"]);
      assert.match(JSON.stringify(message), new RegExp(`d=${other}`));
    };

    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
      await server.system.must(["mailstack", "user", "purge", ann, "--yes"]);
    });

    test("an up hosts it; the next one changes nothing", async () => {
      server.stack.configure((config) => {
        config.setIn(["config", "mailstack:domains"], [{ name: other, cloudflareZoneId: zoneId(other) }]);
        config.addIn(["config", "mailstack:users"], { address: ann });
        config.addIn(["config", "mailstack:aliases"], { address: `info@${other}`, destinations: [ann] });
        config.addIn(["config", "mailstack:aliases"], { address: team, destinations: [server.address("ceo")] });
      });
      await server.up();
      const { summary } = await server.up();
      assert.deepEqual(Object.keys(summary), ["same"]);
    });

    test("its zone says where its mail goes and who may send for it", async () => {
      assert.equal(await ask(other, "MX"), `10 ${server.hostname}.`);
      assert.equal(await ask(other, "TXT"), '"v=spf1 mx -all"');
      assert.match(await ask(`ementech1._domainkey.${other}`, "TXT"), /^"v=DKIM1; /);
      assert.match(await ask(`_dmarc.${other}`, "TXT"), /^"v=DMARC1; /);
      assert.equal(await ask(`_imaps._tcp.${other}`, "SRV"), `0 1 993 ${server.hostname}.`);
    });

    test("mail to its user, its alias and its postmaster arrives; an unknown user is refused", async () => {
      const [direct, alias, postmaster] = ["direct", "alias", "postmaster"].map((what) => server.unique(what));
      assert.equal(await send(ann, direct!), 250);
      assert.equal(await send(`info@${other}`, alias!), 250);
      assert.equal(await send(`postmaster@${other}`, postmaster!), 250);
      await until(
        "its user has both",
        async () => (await holds(`${other}/ann`, direct!)) && holds(`${other}/ann`, alias!),
      );
      await until("the administrator has the other", async () => holds(server.domain, postmaster!));
      assert.equal(
        await send(`ceo@${other}`, server.unique("nobody")),
        550,
        "users of the main domain are not users of this one",
      );
    });

    test("its user's mail passes SPF, DKIM and DMARC by its own domain, as the peer judges it", async () => {
      const credentials = { user: ann, password: await password() };
      assert.equal(await logIn(server, 993, credentials), "in");
      await assertPasses(ann, credentials);
      const foreign = await server.peer.send({ from: server.address("ceo"), to: friend, ...submission(credentials) });
      assert.equal(foreign.code, 553, foreign.transcript);
    });

    test("a user of the main domain writes as an alias here: signed by the domain of the alias", async () => {
      await assertPasses(team, await server.login("ceo"));
    });

    test("mail programs are told the settings under its own names, with a certificate for them", async () => {
      const url = `https://autoconfig.${other}/mail/config-v1.1.xml`;
      const told = await server.inCloud(["curl", "--silent", "--show-error", "--cacert", server.trustFile, url]);
      assert.equal(told.exitCode, 0, told.stderr);
      assert.match(told.stdout, new RegExp(`<domain>${other}</domain>`));
    });

    test("taken out again: its records go, mail and login are refused, the mail stays", async () => {
      const credentials = { user: ann, password: await password() };
      server.restoreConfig();
      await server.up();
      assert.equal(await ask(other, "MX"), "");
      assert.match(await logIn(server, 993, credentials), /refused/);
      assert.ok([550, 554].includes(await send(ann, server.unique("gone"))));
      await server.system.must(["test", "-d", `/var/vmail/${other}/ann/Maildir`]);
      const { summary } = await server.up();
      assert.deepEqual(Object.keys(summary), ["same"]);
    });
  });
}
