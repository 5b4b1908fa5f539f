import { foreignRecords } from "../../components/dns/foreign-records";
import { publishedNames } from "../../components/history/history";
import { parseSettings } from "../../components/settings/parse";
import { mailRecords, nullRecords } from "../../components/dns/zone-data";
import { stackValues } from "./support/stacks";

const domain = "ementech.co.ke";
const settings = parseSettings(stackValues("prod"));
const published = [
  { name: domain, type: "MX", data: `10 mail.${domain}.` },
  { name: `mail.${domain}`, type: "A", data: "203.0.113.10" },
  { name: domain, type: "TXT", data: "v=spf1 mx -all" },
];
const past = {
  first: { domain, hostname: `mail.${domain}`, selector: "ementech1" },
  hostname: `mail.${domain}`,
  keys: {},
  published,
};

/** What is in the DNS besides. */
const lines = (more: Record<string, string[]>) =>
  foreignRecords(publishedNames(settings, past), past, (name, type) => {
    const own = published.filter((each) => each.name === name && each.type === type).map(({ data }) => data);
    return Promise.resolve([...own, ...(more[`${name} ${type}`] ?? [])]);
  });

test.each<[string, Record<string, string[]>, string]>([
  [
    "a second SPF record",
    { [`${domain} TXT`]: ["v=spf1 include:other.example -all"] },
    `${domain} TXT v=spf1 include:other.example -all: `,
  ],
  ["another MX", { [`${domain} MX`]: ["5 mx.other.example"] }, `${domain} MX 5 mx.other.example: `],
  ["another address of the host", { [`mail.${domain} A`]: ["192.0.2.1"] }, `mail.${domain} A 192.0.2.1: `],
  [
    "a second DMARC record",
    { [`_dmarc.${domain} TXT`]: ["v=DMARC1; p=none"] },
    `_dmarc.${domain} TXT v=DMARC1; p=none: `,
  ],
])("a preview warns of %s", async (_, more, line) => {
  const [only, ...others] = await lines(more);
  expect(only).toContain(line);
  expect(others).toEqual([]);
});

test("the stack's own records, and texts for other purposes, are nothing to warn of", async () => {
  expect(await lines({ [`${domain} TXT`]: ["google-site-verification=1"] })).toEqual([]);
});

test("other senders of a domain are in its one SPF record; a domain without mail says so", () => {
  const own = {
    domain,
    mainDomain: domain,
    hostname: `mail.${domain}`,
    ipv6: true,
    dkimSelector: "s",
    dmarcPolicy: "reject",
  };
  const spf = mailRecords({ ...own, spfIncludes: ["_spf.one.example", "two.example"] }).find(
    ({ key }) => key === "spf",
  );
  expect(spf?.content).toBe("v=spf1 mx include:_spf.one.example include:two.example -all");
  expect(
    nullRecords("example.com").map(({ name, type, priority, content }) => [name, type, priority, content]),
  ).toEqual([
    ["example.com", "MX", 0, "."],
    ["example.com", "TXT", undefined, "v=spf1 -all"],
    ["_dmarc.example.com", "TXT", undefined, "v=DMARC1; p=reject"],
  ]);
});
