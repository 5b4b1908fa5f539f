import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { defaultTokens } from "../../local-cloud/api";
import { zoneRecords } from "./support/cloudflare-api";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

interface Entry {
  check: string;
  ok: boolean;
  detail: string;
}

for (const os of oneSystem("the zone is the provider's, and is looked at by our own program")) {
  describe(`records of others in the zone of a stack on ${os}`, () => {
    let server: Server;
    const zone = (call: { method?: string; path?: string; body?: object }) =>
      zoneRecords<{ id: string }>(server, defaultTokens.cloudflare, server.domain, call);
    const published = async () => {
      const { stdout } = await server.system.exec(["mailstack", "status", "--json"]);
      return (JSON.parse(stdout) as Entry[]).find(({ check }) => check === "published")!;
    };
    before(async () => {
      server = await serverFor(os);
    });

    const cases: [what: string, record: (server: Server) => object, words: RegExp, warning: RegExp][] = [
      [
        "a second SPF record, which voids both",
        ({ domain }) => ({ type: "TXT", name: domain, content: '"v=spf1 include:_spf.news.example -all"' }),
        / TXT: 2 records v=spf1, of which receivers take none/,
        /TXT v=spf1 include:_spf\.news\.example -all: is in the DNS, and not from this stack/,
      ],
      [
        "another MX, which wins",
        ({ domain }) => ({ type: "MX", name: domain, content: "mx.elsewhere.example", priority: 5 }),
        / MX: 5 mx\.elsewhere\.example.* is there, and must be 10 mail\./,
        /MX 5 mx\.elsewhere\.example: is in the DNS, and not from this stack; mail goes there too, or first/,
      ],
      [
        "another address of the host, as of a proxy",
        ({ hostname }) => ({ type: "A", name: hostname, content: "203.0.113.80" }),
        / A: leads to 203\.0\.113\.80, which is not this host/,
        /A 203\.0\.113\.80: is in the DNS, and not from this stack; it leads elsewhere/,
      ],
    ];
    for (const [what, record, words, warning] of cases)
      test(`${what}: status is BAD and names it, preview warns`, async () => {
        const made = await zone({ method: "POST", body: { ttl: 60, ...record(server) } });
        assert.equal(made.status, 200, JSON.stringify(made.errors));
        try {
          await until("the zone's servers have it", async () => !(await published()).ok);
          assert.match((await published()).detail, words);
          const preview = await server.stack.pulumi(["preview"]);
          assert.match(preview.stdout + preview.stderr, warning);
        } finally {
          await zone({ method: "DELETE", path: `/${made.result.id}` });
        }
        await until("all is well", async () => (await published()).ok);
      });
  });
}
