import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { defaultTokens } from "../../local-cloud/api";
import { zoneRecords } from "./support/cloudflare-api";
import { linode, makeZone } from "./support/linode";
import { oneSystem, serverFor, type Server } from "./support/servers";

interface Finding {
  subject: string;
  mark: "ok" | "BAD" | "?";
  text: string;
}

interface TxtRecord {
  id: string;
  name: string;
  type: string;
  content: string;
}

/** What each list answers to its own test entry. */
const lists = {
  "zen.spamhaus.org": { "2.0.0.127": "127.0.0.2" },
  "bl.spamcop.net": { "2.0.0.127": "127.0.0.2" },
  "dbl.spamhaus.org": { "dbltest.com": "127.0.1.2" },
};

for (const os of oneSystem(
  "what is asked are the DNS and the host's own ports, by our program and Debian's SPF evaluator",
)) {
  describe(`mailstack deliverability on ${os}`, () => {
    let server: Server;
    const made = new Map<string, number>();

    async function report(): Promise<{ found: Map<string, Finding>; exitCode: number }> {
      const { stdout, exitCode } = await server.system.exec(["mailstack", "deliverability", "--json"]);
      const list = JSON.parse(stdout) as Finding[];
      return { found: new Map(list.map((each) => [each.subject, each])), exitCode };
    }
    const said = async (subject: string) => {
      const found = (await report()).found.get(subject);
      assert.ok(found, subject);
      return `${found.mark} ${found.text}`;
    };
    /** All below the top, since it is the top that said that there is no such name. */
    const forget = (zone: string) => server.system.must(["unbound-control", "flush_zone", zone.split(".").at(-1)!]);
    /** A list answers so to this name. */
    async function answer(list: string, name: string, target: string): Promise<void> {
      const record = JSON.stringify({ type: "A", name, target, ttl_sec: 300 });
      await linode(server, "POST", `domains/${made.get(list)!}/records`, record);
      await forget(list);
    }
    async function answerNoMore(list: string, target: string): Promise<void> {
      const path = `domains/${made.get(list)!}/records`;
      const { data } = await linode<{ data: { id: number; target: string }[] }>(server, "GET", path);
      const found = data.find((record) => record.target === target);
      assert.ok(found, target);
      await linode(server, "DELETE", `${path}/${found.id}`);
      await forget(list);
    }

    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      for (const [list, id] of made) {
        await linode(server, "DELETE", `domains/${id}`);
        await forget(list);
      }
    });

    test("a host as it was deployed: names, records, keys and TLS are as receivers want them", async () => {
      const { found } = await report();
      const ipv6 = await server.ipv6();
      const well = [
        `reverse name of ${server.ipv4}`,
        `reverse name of ${ipv6}`,
        "HELO name",
        "TLS on port 25",
        "TLS for users",
        "DANE",
        ...["SPF", "DKIM", "DMARC", "MTA-STS", "TLS reports"].map((what) => `${what} of ${server.domain}`),
      ];
      for (const subject of well) assert.equal(found.get(subject)?.mark, "ok", JSON.stringify(found.get(subject)));
      const spf = found.get(`SPF of ${server.domain}`)!.text;
      assert.match(spf, /^pass for this host, \d of 10 lookups, fail for strangers$/);
      const dmarc = found.get(`DMARC of ${server.domain}`)!.text;
      assert.match(dmarc, /^p=quarantine, mail passes by DKIM/);
    });

    test("a block list that does not answer is not taken for a clean address", async () => {
      for (const list of Object.keys(lists)) {
        const subject = list.startsWith("dbl.") ? server.domain : server.ipv4;
        assert.match(await said(`${list} ${subject}`), /^\? not answered: it does not know its own test entry/);
      }
    });

    test("lists that answer: not listed, listed, and refused are three things", async () => {
      for (const [list, entries] of Object.entries(lists)) {
        made.set(list, (await makeZone(server, list)).id);
        for (const [name, target] of Object.entries(entries)) await answer(list, name, target);
      }
      const reversed = server.ipv4.split(".").reverse().join(".");
      const zen = `zen.spamhaus.org ${server.ipv4}`;
      const dbl = `dbl.spamhaus.org ${server.domain}`;
      assert.equal(await said(zen), "ok not listed");
      assert.equal(await said(dbl), "ok not listed");
      assert.equal(await said(`bl.spamcop.net ${server.ipv4}`), "ok not listed");

      await answer("zen.spamhaus.org", reversed, "127.0.0.4");
      await answer("dbl.spamhaus.org", server.domain, "127.0.1.255");
      assert.match(
        await said(zen),
        /^BAD listed \(127\.0\.0\.4\): find out why and stop it, then ask for removal: https:/,
      );
      assert.match(await said(dbl), /^\? not answered: 127\.0\.1\.255 is a refusal/);
      assert.equal((await report()).exitCode, 1);

      await answerNoMore("zen.spamhaus.org", "127.0.0.4");
      await answer("zen.spamhaus.org", reversed, "127.255.255.254");
      assert.match(await said(zen), /^\? not answered: 127\.255\.255\.254 is a refusal/);
    });

    test("an SPF record that somebody has changed is told with what to do", async () => {
      const records = (call: Parameters<typeof zoneRecords>[3]) =>
        zoneRecords<TxtRecord[]>(server, defaultTokens.cloudflare, server.domain, call);
      const { result } = await records({ path: "?type=TXT&per_page=100" });
      const spf = result.find(({ name, content }) => name === server.domain && content.includes("v=spf1"));
      assert.ok(spf, JSON.stringify(result));
      const subject = `SPF of ${server.domain}`;
      const change = async (content: string) => {
        await records({ method: "PATCH", path: `/${spf.id}`, body: { content } });
        await forget(server.domain);
      };
      try {
        await change('"v=spf1 -all"');
        assert.match(await said(subject), /^BAD fail for .*: run `pulumi up`/);
        // Each mx is a lookup; the eleventh is one too many.
        await change(`"v=spf1 mx ${"a:mail.peer.example ".repeat(10)}-all"`);
        assert.match(await said(subject), /^BAD .*[Tt]oo many DNS lookups.*mailstack:spfIncludes/);
      } finally {
        await change(spf.content);
      }
      assert.match(await said(subject), /^ok /);
    });
  });
}
