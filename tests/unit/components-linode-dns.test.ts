import type { Bundle } from "../../components/deployment/bundle";
import { mtaStsRecord } from "../../components/services/mta-sts";
import { dkimValue, ipv4, ipv6 } from "./support/fake-cloud";
import { recordMailServer, type RecordedServer } from "./support/mail-server";

let server: RecordedServer;
beforeAll(async () => {
  server = await recordMailServer({
    dnsProvider: "linode",
    cloudflareZoneId: "",
    linodeDomainId: 77,
    domains: [{ name: "example.net", linodeDomainId: 78 }],
  });
});

const recordsOf = (domainId: number) =>
  server
    .ofType("linode:index/domainRecord:DomainRecord")
    .filter((each) => each.inputs.domainId === domainId)
    .map(({ name, inputs }) => {
      const { recordType, name: host = "", target, priority, service, protocol, weight, port, tag } = inputs;
      const values = [recordType, host, service, protocol, priority, weight, port, tag, target];
      return `${name}: ${values.filter((value) => value !== undefined).join(" ")}`;
    });

test("the main domain's records in Linode's form", () => {
  const wanted = [
    "mail-address-host-caa: CAA mail.ementech.co.ke issue letsencrypt.org",
    `mail-address-host-a: A mail.ementech.co.ke ${ipv4}`,
    `mail-address-host-aaaa: AAAA mail.ementech.co.ke ${ipv6}`,
    "mail-address-webmail-caa: CAA webmail.ementech.co.ke issue letsencrypt.org",
    `mail-address-webmail-a: A webmail.ementech.co.ke ${ipv4}`,
    `mail-address-webmail-aaaa: AAAA webmail.ementech.co.ke ${ipv6}`,
    ...["autoconfig", "autodiscover", "mta-sts"].map(
      (key) => `mail-address-${key}: CNAME ${key}.ementech.co.ke mail.ementech.co.ke`,
    ),
    "mail-dns-host-spf: TXT mail.ementech.co.ke v=spf1 a -all",
    "mail-dns-mx: MX ementech.co.ke 10 mail.ementech.co.ke",
    "mail-dns-spf: TXT ementech.co.ke v=spf1 mx -all",
    `mail-dns-dkim: TXT ementech1._domainkey.ementech.co.ke ${dkimValue("ementech.co.ke")}`,
    "mail-dns-dmarc: TXT _dmarc.ementech.co.ke v=DMARC1; p=reject; aspf=s; rua=mailto:dmarc@ementech.co.ke",
    "mail-dns-tls-rpt: TXT _smtp._tls.ementech.co.ke v=TLSRPTv1; rua=mailto:tls-rpt@ementech.co.ke",
    `mail-dns-mta-sts-id: TXT _mta-sts.ementech.co.ke ${mtaStsRecord("testing", ["mail.ementech.co.ke"])}`,
    "mail-dns-autodiscover-srv: SRV  autodiscover tcp 0 1 443 autodiscover.ementech.co.ke",
    "mail-dns-submissions: SRV  submissions tcp 0 1 465 mail.ementech.co.ke",
    "mail-dns-submission: SRV  submission tcp 10 1 587 mail.ementech.co.ke",
    "mail-dns-imaps: SRV  imaps tcp 0 1 993 mail.ementech.co.ke",
    "mail-dns-pop3s: SRV  pop3s tcp 10 1 995 mail.ementech.co.ke",
  ];
  expect(recordsOf(77).sort()).toEqual(wanted.sort());
});

test("a further domain has its own, nothing goes to Cloudflare, and every record waits as there", () => {
  expect(recordsOf(78).map((line) => line.split(":")[0])).toContain("mail-dns-example.net-mx");
  expect(server.registrations.filter((each) => each.type.startsWith("cloudflare:"))).toEqual([]);
  expect(server.waitsFor(server.custom("mail-dns-mx"), server.custom("mail-health"))).toBe(true);
  expect(server.waitsFor(server.custom("mail-certificate"), server.custom("mail-address-host-a"))).toBe(true);
});

test("with no provider there is no record, and the output has all of them", async () => {
  const own = await recordMailServer({ dnsProvider: "none", cloudflareZoneId: "" });
  expect(own.registrations.filter((each) => /dnsRecord|domainRecord/.test(each.type))).toEqual([]);
});

test("the host looks for the records that are published, and for no others", () => {
  const bundle = JSON.parse(String(server.custom("mail-published").inputs.stdin)) as Bundle;
  const { zones } = JSON.parse(bundle.files["/usr/local/share/mailstack/records.json"]!.content) as {
    zones: { records: { name: string; type: string }[] }[];
  };
  const names = zones.flatMap(({ records }) => records.filter(({ type }) => type === "SRV").map(({ name }) => name));
  expect(names).toContain("_imaps._tcp.ementech.co.ke");
  expect(names.filter((name) => /^_(imap|pop3)\./.test(name))).toEqual([]);
});
