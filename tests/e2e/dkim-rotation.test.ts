import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { zoneId } from "../../local-cloud/api";
import { commandsOf, wordsOf } from "../support/documents";
import { dkimRecords, passes, submit, weekIsOver, zone } from "./support/dkim";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { statusOf } from "./support/status";
import { until } from "./support/until";

/** A zone that no system's own stack uses. */
const other = "third.example";
const former = "ementech1";
const fresh = "rotated";
/** The edits of the page, with the names of this test. */
const [addFresh, letFreshSign, keepFormer, takeFormerOut] = commandsOf("docs/admin/dkim.md")
  .filter((line) => line.startsWith("pulumi config "))
  .map((line) => line.replace("mail1", former).replace("mail2", fresh));

for (const os of oneSystem("keys are made, published and chosen by our own program; Rspamd is told as by any up")) {
  describe(`a DKIM key is replaced on ${os}`, () => {
    let server: Server;
    const domains = () => [server.domain, other];
    const type = async (...lines: (string | undefined)[]) => {
      for (const line of lines) await server.stack.pulumi(wordsOf(line!).slice(1));
    };
    const namesOf = (...selectors: string[]) =>
      domains()
        .flatMap((domain) => selectors.map((selector) => `${selector}._domainkey.${domain}`))
        .sort();
    /** Without keys of other tests, which may stay for a week. */
    const published = async () => {
      const records = await dkimRecords(server, domains());
      return records
        .map(({ name }) => name)
        .filter((name) => namesOf(former, fresh).includes(name))
        .sort();
    };
    const mailIsSignedWith = async (selector: string) => {
      for (const domain of domains()) {
        const { subject } = await submit(server, domain === other ? `ann@${other}` : server.address("ceo"));
        await passes(server, subject, selector, domain);
      }
    };
    const told = () => server.system.must(["mailstack", "dkim"]);
    const changesNothing = async () => assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    /** What Pulumi says when it does not do it. */
    const refused = async (words: string[]) => {
      const { exitCode, stdout, stderr } = await server.stack.pulumi(words, { reject: false });
      assert.notEqual(exitCode, 0, stdout);
      return stdout + stderr;
    };
    const upRefused = () => refused(["up", "--yes", "--skip-preview"]);
    /** Messages that wait in the queue, signed with the former key. */
    const waiting: { subject: string; queueId: string }[] = [];
    const waitingOnePasses = async () => {
      const { subject, queueId } = waiting.shift()!;
      await server.system.must(["sh", "-c", `postsuper -H ${queueId} && postqueue -i ${queueId}`]);
      await passes(server, subject, former, server.domain);
    };

    before(async () => {
      server = await serverFor(os);
      server.stack.configure((config) => {
        config.setIn(["config", "mailstack:domains"], [{ name: other, cloudflareZoneId: zoneId(other) }]);
        config.addIn(["config", "mailstack:users"], { address: `ann@${other}` });
      });
    });
    after(async () => {
      await server.peer.exec(["systemctl", "start", "peer-exim"]);
      for (const { queueId } of waiting) await server.system.exec(["postsuper", "-d", queueId]);
      server.restoreConfig();
      // Other files find the zone and the host as they were.
      await weekIsOver(server, namesOf(fresh));
      await server.up();
      await server.system.must(["sh", "-c", `cd /var/lib/mailstack/dkim && rm -f *.${fresh}.* signed.json`]);
      await server.system.must(["mailstack", "user", "purge", `ann@${other}`, "--yes"]);
    });

    test("a key that was never published is refused by preview and up, and nothing is changed", async () => {
      const before = await dkimRecords(server, domains());
      await type(letFreshSign, keepFormer);
      const words = new RegExp(
        `the last up did not publish ${fresh}\\._domainkey\\.${server.domain}, .*put ${fresh} into`,
      );
      assert.match(await refused(["preview"]), words);
      assert.match(await upRefused(), words);
      assert.deepEqual(await dkimRecords(server, domains()), before);
      server.stack.configure((config) => {
        config.setIn(["config", "mailstack:dkimSelector"], former);
        config.deleteIn(["config", "mailstack:dkimOtherSelectors"]);
      });
    });

    test("1. the new key is published for each domain, also for one that is new, and does not sign", async () => {
      await type(addFresh);
      await server.up();
      assert.deepEqual(await published(), namesOf(former, fresh));
      await mailIsSignedWith(former);
      assert.match(await told(), new RegExp(`^next: let ${fresh} sign: set mailstack:dkimSelector to ${fresh}`, "m"));
      assert.match(await statusOf(server, "dkim"), /^ok signs for 2 domains$/);
      await changesNothing();
    });

    test("a record that is not this host's key: up is refused, the former key signs on, the DNS stays", async () => {
      const records = await dkimRecords(server, domains());
      const damaged = records.find(({ name }) => name === `${fresh}._domainkey.${other}`)!;
      const write = (content: string) =>
        zone(server, other, { method: "PATCH", path: `/${damaged.id}`, body: { content } });
      const foreign = '"v=DKIM1; k=rsa; p=AAAA"';
      assert.equal((await write(foreign)).status, 200);
      try {
        await until("the host sees it", async () => (await told()).includes("has another key"));
        await type(letFreshSign, keepFormer);
        const said = await upRefused();
        const name = `${fresh}\\._domainkey\\.${other}`;
        assert.match(said, new RegExp(`${fresh} cannot sign yet: ${name} is not in the DNS with this host's key`));
        assert.match(said, new RegExp(`set mailstack:dkimSelector back to ${former}`));
        assert.deepEqual(
          (await dkimRecords(server, domains())).map((each) => [each.name, each.content]).sort(),
          records.map((each) => [each.name, each === damaged ? foreign : each.content]).sort(),
        );
        await mailIsSignedWith(former);
        assert.equal((await server.system.exec(["mailstack", "verify", "rspamd"])).stdout, "");
      } finally {
        await write(damaged.content);
      }
      await until("the host sees its own again", async () => !(await told()).includes("not in the DNS"));
    });

    test("2. the two change places: new mail has the new key, and mail that waited passes with the former", async () => {
      await server.peer.exec(["systemctl", "stop", "peer-exim"]);
      for (let count = 0; count < 2; count += 1) waiting.push(await submit(server, server.address("ceo")));
      for (const { queueId } of waiting)
        await until("it waits", async () => {
          const held = await server.system.exec(["postsuper", "-h", queueId]);
          return held.stderr.includes("Placed on hold: 1 message");
        });
      await server.peer.exec(["systemctl", "start", "peer-exim"]);

      await type(letFreshSign, keepFormer);
      const preview = JSON.parse((await server.stack.pulumi(["preview", "--json"])).stdout) as {
        steps: { op: string; urn: string }[];
      };
      const steps = preview.steps.filter(({ op }) => op !== "same");
      const changes = steps.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`).sort();
      assert.deepEqual(changes, ["update mail-dkim", "update mail-rspamd"]);
      await server.up();
      assert.deepEqual(await published(), namesOf(former, fresh));
      await mailIsSignedWith(fresh);
      await waitingOnePasses();
      assert.match(await told(), new RegExp(`^next: from \\d{4}-\\d\\d-\\d\\d on, take ${former} out`, "m"));
      await changesNothing();
    });

    test("3. taken out too early, the former key stays published for mail that waits; a week later it goes", async () => {
      await type(takeFormerOut);
      const early = await server.up();
      const stays = new RegExp(`${former}\\._domainkey\\.${other} stays in the DNS until \\d{4}-`);
      assert.ok(stays.test(early.output), `up does not say that ${former} stays`);
      assert.deepEqual(await published(), namesOf(former, fresh));
      await waitingOnePasses();
      await changesNothing();

      await weekIsOver(server, namesOf(former));
      assert.equal((await server.up()).summary.delete, 2);
      assert.deepEqual(await published(), namesOf(fresh));
      await mailIsSignedWith(fresh);
      assert.match(await told(), new RegExp(`^  ${former} +not in the settings, signed until .*; not in the DNS`, "m"));
      await changesNothing();
    });

    test("an old key is a warning of status, and stops no up", async () => {
      const key = `/var/lib/mailstack/dkim/${server.domain}.${fresh}.key`;
      await server.system.must(["touch", "-d", "410 days ago", key]);
      const { stdout, exitCode } = await server.system.exec(["mailstack", "status"]);
      assert.match(stdout, new RegExp(`^warn +dkim .* ${fresh}\\._domainkey\\.${server.domain} is 410 days old`, "m"));
      assert.equal(exitCode, 0, stdout);
      assert.match(await told(), /^next: choose a new name/m);
      await server.system.must(["touch", key]);
    });
  });
}
