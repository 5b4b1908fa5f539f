import { mailRecords, quoteText, type HostFacts, type MailRecord } from "../../components/dns/zone-data";
import { zoneFile } from "../../components/dns/zone-file";

const settings = {
  domain: "example.org",
  mainDomain: "example.org",
  hostname: "mail.example.org",
  webNames: [
    { key: "webmail", name: "webmail.example.org" },
    { key: "autodiscover", name: "autodiscover.example.org", alias: true },
  ],
  mtaSts: "testing" as const,
  ipv6: true,
  dkimSelector: "s1",
  dmarcPolicy: "none",
};
const facts = {
  ipv4: "198.51.100.20",
  ipv6: "2001:db8::20",
  dkim: { "example.org": `v=DKIM1; k=rsa; p=${"A".repeat(392)}` },
};

const contentOf = ({ content }: MailRecord, known: HostFacts = facts) =>
  typeof content === "function" ? content(known) : content;

test("the zone of the main domain, record by record", () => {
  const zone = mailRecords(settings).map((record) => {
    const value = record.service ? Object.values(record.service).join(" ") : contentOf(record);
    return `${record.stage} ${record.name} ${record.type} ${record.priority ?? ""} ${value}`.slice(0, 110);
  });
  expect(zone).toMatchInlineSnapshot(`
   [
     "address mail.example.org A  198.51.100.20",
     "address mail.example.org AAAA  2001:db8::20",
     "address webmail.example.org A  198.51.100.20",
     "address webmail.example.org AAAA  2001:db8::20",
     "address autodiscover.example.org CNAME  mail.example.org",
     "mail mail.example.org TXT  v=spf1 a -all",
     "mail example.org MX 10 mail.example.org",
     "mail example.org TXT  v=spf1 mx -all",
     "mail s1._domainkey.example.org TXT  v=DKIM1; k=rsa; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
     "mail _dmarc.example.org TXT  v=DMARC1; p=none; aspf=s; rua=mailto:dmarc@example.org",
     "mail _smtp._tls.example.org TXT  v=TLSRPTv1; rua=mailto:tls-rpt@example.org",
     "mail _mta-sts.example.org TXT  v=STSv1; id=82f367856cbc38a2e41c;",
     "mail _submissions._tcp.example.org SRV  0 1 465 mail.example.org",
     "mail _submission._tcp.example.org SRV  10 1 587 mail.example.org",
     "mail _imaps._tcp.example.org SRV  0 1 993 mail.example.org",
     "mail _pop3s._tcp.example.org SRV  10 1 995 mail.example.org",
     "mail _autodiscover._tcp.example.org SRV  0 1 443 autodiscover.example.org",
     "mail _imap._tcp.example.org SRV  0 0 0 .",
     "mail _pop3._tcp.example.org SRV  0 0 0 .",
   ]
  `);
});

test("a further domain has no record of the host", () => {
  const names = mailRecords({ ...settings, domain: "other.net", webNames: [] }).map((record) => record.name);
  expect(names.filter((name) => name.endsWith("example.org"))).toEqual([]);
});

test("with dane the zone names the key of port 25; a host without one is an error", () => {
  const tlsa = mailRecords({ ...settings, dane: true }).filter((record) => record.type === "TLSA");
  const line = zoneFile(tlsa, { ...facts, servedKey: "ab".repeat(32) });
  expect(line).toBe(`_25._tcp.mail.example.org. 300 IN TLSA 3 1 1 ${"ab".repeat(32)}\n`);
  expect(() => zoneFile(tlsa, facts)).toThrow("no digest of its key");
});

test("ManageSieve is named where it is open, and only there", () => {
  const sieve = (manageSieve: boolean) =>
    zoneFile(
      mailRecords({ ...settings, manageSieve }).filter((record) => record.name.startsWith("_sieve.")),
      facts,
    );
  expect(sieve(true)).toBe("_sieve._tcp.example.org. 300 IN SRV 0 1 4190 mail.example.org.\n");
  expect(sieve(false)).toBe("");
});

test("MX and everything else that attracts mail waits for the host", () => {
  expect(
    mailRecords(settings)
      .filter((record) => record.stage === "address")
      .map((record) => record.type),
  ).toEqual(["A", "AAAA", "A", "AAAA", "CNAME"]);
});

test("without IPv6 nothing in the zone leads there; with it, a host without such an address is an error", () => {
  const records = mailRecords({ ...settings, ipv6: false });
  expect(records.map((record) => record.type)).not.toContain("AAAA");
  const aaaa = mailRecords(settings).find((record) => record.type === "AAAA");
  expect(() => contentOf(aaaa!, { ...facts, ipv6: "" })).toThrow("pulumi config set mailstack:ipv6 false");
});

test("a long TXT value is split into strings of 255", () => {
  const quoted = quoteText("x".repeat(400));
  expect(quoted).toBe(`"${"x".repeat(255)}" "${"x".repeat(145)}"`);
});

test("a host without a DKIM key is an error, never an empty record", () => {
  const dkim = mailRecords(settings).find((record) => record.key === "dkim");
  expect(() => contentOf(dkim!, { ipv4: "", ipv6: "", dkim: {} })).toThrow("returned no DKIM key for example.org");
});
