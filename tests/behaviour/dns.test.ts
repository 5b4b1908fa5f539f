import { allRecords } from "../../components/dns/zones";
import type { MailRecord } from "../../components/dns/zone-data";
import { onEveryHost, type Host } from "./support/hosts";

const facts = {
  ipv4: "192.0.2.25",
  ipv6: "2001:db8::25",
  servedKey: "a".repeat(64),
};

/** Every record of each domain, with its text as it is published. */
function published(host: Host): Map<string, (MailRecord & { text: string })[]> {
  const { stack } = host;
  const dkim = Object.fromEntries(stack.mailDomains.map((domain) => [domain, `v=DKIM1; k=rsa; p=KEY-OF-${domain}`]));
  const first = { domain: stack.domain, hostname: stack.fqdn, selector: stack.dkimSelector };
  const settings = { ...stack, hostname: stack.fqdn } as unknown as Parameters<typeof allRecords>[0]["settings"];
  const all = allRecords({ settings, hostname: stack.fqdn, first, former: { hostnames: [], keys: {}, kept: {} } });
  return new Map(
    [...all].map(([domain, records]) => [
      domain,
      records.map((record) => ({
        ...record,
        text: typeof record.content === "function" ? record.content({ ...facts, dkim }) : (record.content ?? ""),
      })),
    ]),
  );
}

onEveryHost("the DNS", (host) => {
  const { stack } = host;
  const zones = published(host);
  const every = [...zones.values()].flat();
  const of = (type: MailRecord["type"], name: string) =>
    every.filter((record) => record.type === type && record.name === name);
  const texts = (name: string) => of("TXT", name).map(({ text }) => text);

  test("leads mail of each domain to the host, and the host's name to its addresses", () => {
    for (const domain of stack.mailDomains) expect(of("MX", domain).map(({ text }) => text)).toEqual([stack.fqdn]);
    expect(of("A", stack.fqdn).map(({ text }) => text)).toEqual([facts.ipv4]);
    expect(of("AAAA", stack.fqdn).map(({ text }) => text)).toEqual(stack.ipv6 ? [facts.ipv6] : []);
    // RFC 2181, section 10.3: an exchanger is no alias.
    expect(of("CNAME", stack.fqdn)).toEqual([]);
  });

  test("lets the host alone send for a domain (SPF), and for the host's own name", () => {
    for (const domain of stack.mailDomains) {
      const records = texts(domain).filter((text) => text.startsWith("v=spf1"));
      expect(records).toEqual([expect.stringMatching(/^v=spf1 mx( include:\S+)* -all$/)]);
    }
    expect(texts(stack.fqdn)).toEqual(["v=spf1 a -all"]);
  });

  test("says what becomes of mail that is not a domain's own (DMARC), and where that is told", () => {
    for (const domain of stack.mailDomains) {
      const [record, ...others] = texts(`_dmarc.${domain}`);
      expect(others).toEqual([]);
      const tags = Object.fromEntries(record!.split(/;\s*/).map((tag) => tag.split("=") as [string, string]));
      expect(tags).toMatchObject({ v: "DMARC1", p: stack.dmarcPolicy, aspf: "s", rua: `mailto:dmarc@${domain}` });
      expect(texts(`_smtp._tls.${domain}`)).toEqual([`v=TLSRPTv1; rua=mailto:tls-rpt@${domain}`]);
    }
  });

  test("has each domain's own key for signatures (DKIM)", () => {
    for (const domain of stack.mailDomains)
      expect(texts(`${stack.dkimSelector}._domainkey.${domain}`)).toEqual([`v=DKIM1; k=rsa; p=KEY-OF-${domain}`]);
  });

  test("lets one authority issue certificates for the host's names (CAA)", () => {
    // What is an alias of the host's name has its records.
    const names = stack.siteNames.filter((name) => of("CNAME", name).length === 0);
    expect(names).toContain(stack.fqdn);
    for (const name of names)
      expect(of("CAA", name).map(({ authority }) => authority)).toEqual([{ tag: "issue", value: "letsencrypt.org" }]);
    for (const name of stack.siteNames.filter((each) => !names.includes(each)))
      expect(of("CNAME", name).map(({ text }) => text)).toEqual([stack.fqdn]);
  });

  test("names the policy of MTA-STS and the key of port 25 (DANE) where the settings want that", () => {
    for (const domain of stack.mailDomains) {
      const id = texts(`_mta-sts.${domain}`);
      expect(id).toEqual(stack.mtaSts === "none" ? [] : [expect.stringMatching(/^v=STSv1; id=[0-9a-z]{1,32};$/)]);
    }
    const keys = every.filter(({ type }) => type === "TLSA");
    expect(keys.map(({ name, association, text }) => ({ name, association, text }))).toEqual(
      stack.dane
        ? [
            {
              name: `_25._tcp.${stack.fqdn}`,
              association: { usage: 3, selector: 1, matchingType: 1 },
              text: facts.servedKey,
            },
          ]
        : [],
    );
  });

  test("tells mail programs of ports with TLS, and that there are none without", () => {
    const service = (domain: string, name: string) =>
      of("SRV", `_${name}._tcp.${domain}`).map((record) => record.service);
    for (const domain of stack.mailDomains) {
      for (const [name, port] of [
        ["submissions", 465],
        ["submission", 587],
        ["imaps", 993],
        ["pop3s", 995],
      ] as const)
        expect(service(domain, name)).toEqual([expect.objectContaining({ port, target: stack.fqdn })]);
      for (const name of ["imap", "pop3"])
        expect(service(domain, name)).toEqual([expect.objectContaining({ target: "." })]);
      expect(service(domain, "sieve").map((each) => each?.port)).toEqual(stack.manageSieve ? [4190] : []);
    }
  });

  test("a domain without mail takes none and sends none", () => {
    for (const { name } of stack.nullMx) {
      expect(of("MX", name).map(({ text, priority }) => [text, priority])).toEqual([[".", 0]]);
      expect(texts(name)).toEqual(["v=spf1 -all"]);
      expect(texts(`_dmarc.${name}`)).toEqual(["v=DMARC1; p=reject"]);
    }
    expect([...zones.keys()].sort()).toEqual([...stack.mailDomains, ...stack.nullMx.map(({ name }) => name)].sort());
  });
});
