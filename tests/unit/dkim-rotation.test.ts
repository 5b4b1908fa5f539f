import { formerNames, type Past } from "../../components/history/history";
import { staysPublished, unpublishedSigner } from "../../components/history/dkim-keys";
import { pastOf } from "../../components/history/past";
import { parseSettings } from "../../components/settings/parse";
import { dkimValue } from "./support/fake-cloud";
import { recordMailServer } from "./support/mail-server";
import { valueOf } from "./support/recorded-program";
import { stackValues } from "./support/stacks";

const domain = "ementech.co.ke";
const other = { name: "example.net", cloudflareZoneId: "1".repeat(32) };
const both = [domain, other.name];
const now = new Date("2026-11-29T12:00:00Z");
const later = (days: number) => new Date(now.getTime() + days * 86_400_000);

const settingsOf = (dkimSelector: string, ...dkimOtherSelectors: string[]) =>
  parseSettings({ ...stackValues("prod"), domains: [other], dkimSelector, dkimOtherSelectors });

/** What an `up` that published these keys left. */
function pastWith(selectors: string[], signed?: string, kept: Record<string, string> = {}): Past {
  const line = (selector: string, zone: string) =>
    `${selector}._domainkey.${zone}. 300 IN TXT "v=DKIM1; k=rsa; p=${selector}"\n`;
  const zones = both.map((zone) => [zone, selectors.map((selector) => line(selector, zone)).join("")]);
  const past = pastOf({ hostname: `mail.${domain}`, zones: Object.fromEntries(zones) as Record<string, string> })!;
  return { ...past, first: { domain, hostname: `mail.${domain}`, selector: "a" }, selector: signed, kept };
}

const former = (past: Past, settings: ReturnType<typeof settingsOf>, at = now) =>
  formerNames(past, settings, `mail.${domain}`, at);
const keptFor = (selector: string, until: Date) =>
  Object.fromEntries(both.map((zone) => [`${selector}._domainkey.${zone}`, until.toISOString()]));

describe("what is published of keys that do not sign", () => {
  test("a key among the others is the settings' own, and not one of before", () => {
    expect(former(pastWith(["a", "b"], "a"), settingsOf("a", "b"))).toMatchObject({ keys: {}, kept: {} });
  });

  test("one that has never signed goes with its setting", () => {
    expect(former(pastWith(["a", "b"], "a"), settingsOf("a"))).toMatchObject({ keys: {}, kept: {} });
  });

  test("one that has signed is told apart from the day on which the two change places", () => {
    const swapped = former(pastWith(["a", "b"], "a"), settingsOf("b", "a"));
    expect(swapped).toMatchObject({ keys: {}, kept: keptFor("a", later(7)) });
    const next = pastWith(["a", "b"], "b", swapped.kept);
    expect(former(next, settingsOf("b", "a"), later(100)).kept).toEqual(swapped.kept);
  });

  test("taken out too early it stays until that day, and is named; a week later it goes at once", () => {
    const past = pastWith(["a", "b"], "b", keptFor("a", later(7)));
    const early = former(past, settingsOf("b"), later(2));
    expect(early.keys).toEqual(Object.fromEntries(both.map((zone) => [zone, { a: "v=DKIM1; k=rsa; p=a" }])));
    expect(early.kept).toEqual(keptFor("a", later(7)));
    expect(staysPublished(early.kept, early.keys)[0]).toMatch(
      /^a\._domainkey\.ementech\.co\.ke stays in the DNS until 2026-12-06T12:00Z, /,
    );
    expect(former(past, settingsOf("b"), later(8))).toMatchObject({ keys: {}, kept: {} });
  });

  test("one that signs again is not given up, and its week begins anew when it stops", () => {
    const past = pastWith(["a", "b"], "b", keptFor("a", later(-30)));
    const back = former(past, settingsOf("a", "b"));
    expect(back.kept).toEqual(keptFor("b", later(7)));
    const next = former(pastWith(["a", "b"], "a", back.kept), settingsOf("b", "a"), later(1));
    expect(next.kept).toMatchObject(keptFor("a", later(8)));
  });

  test("the key of an older version that signed stays for a week, whether it is among the others or not", () => {
    for (const settings of [settingsOf("b", "a"), settingsOf("b")])
      expect(former(pastWith(["a"]), settings).kept).toEqual(keptFor("a", later(7)));
  });
});

describe("a key that was never published", () => {
  test("cannot begin to sign while there are others", () => {
    const [line, ...more] = unpublishedSigner(pastWith(["a"], "a"), settingsOf("b", "a"));
    expect(more).toEqual([]);
    expect(line).toMatch(
      /^mailstack:dkimSelector: the last up did not publish b\._domainkey\.ementech\.co\.ke, .* put b into mailstack:dkimOtherSelectors first/,
    );
  });

  test("may sign before the first up, in a domain that is new, and where the host waits for its record", () => {
    expect(unpublishedSigner(undefined, settingsOf("b", "a"))).toEqual([]);
    expect(unpublishedSigner(pastWith(["a"], "a"), settingsOf("b"))).toEqual([]);
    const one = pastWith(["a", "b"], "a");
    delete one.keys[other.name];
    expect(unpublishedSigner(one, settingsOf("b", "a"))).toEqual([]);
  });
});

describe("the three steps, as resources", () => {
  const recordsOf = async (past: Past | undefined, dkimSelector: string, ...dkimOtherSelectors: string[]) => {
    const change = { domains: [other], dkimSelector, dkimOtherSelectors };
    const server = await recordMailServer(change, { past });
    const records = server
      .ofType("cloudflare:index/dnsRecord:DnsRecord")
      .filter(({ inputs }) => String(inputs.name).includes("._domainkey."));
    const names = Object.fromEntries(records.map((each) => [each.name, each.inputs.name]));
    return { server, records, names };
  };
  const ofBoth = {
    "mail-dns-dkim": `a._domainkey.${domain}`,
    "mail-dns-dkim-b": `b._domainkey.${domain}`,
    "mail-dns-example.net-dkim": "a._domainkey.example.net",
    "mail-dns-example.net-dkim-b": "b._domainkey.example.net",
  };

  test("each key has its record, with the value that the host told of it", async () => {
    const { server, records, names } = await recordsOf(undefined, "a", "b");
    expect(names).toEqual(ofBoth);
    const content = (name: string) =>
      String(records.find((each) => each.name === name)!.inputs.content).replaceAll(/" "|"/g, "");
    expect(content("mail-dns-dkim-b")).toBe(dkimValue(`${domain} b`));
    expect(content("mail-dns-example.net-dkim")).toBe(dkimValue("example.net"));
    expect(await valueOf(server.program.result.dkim)).toEqual({
      [domain]: dkimValue(domain),
      "example.net": dkimValue("example.net"),
    });
    expect((await valueOf(server.program.result.history)).selector).toBe("a");
    expect(server.custom("mail-published").inputs.stdin).toContain(`b._domainkey.${domain}`);
  });

  test("when the two change places no record is made, renamed or deleted", async () => {
    const { names } = await recordsOf(pastWith(["a", "b"], "a"), "b", "a");
    expect(names).toEqual(ofBoth);
  });

  test("a preview shows no record as changed whose key the same host will tell again", async () => {
    const contents = async (os: string) => {
      const past = { ...pastWith(["a", "b"], "a"), os, region: "eu-central" };
      const change = { domains: [other], dkimSelector: "b", dkimOtherSelectors: ["a", "c"], os: "debian13" };
      const server = await recordMailServer({ ...change, region: "eu-central" }, { past, preview: true });
      return ["-dkim", "-dkim-b", "-dkim-c"].map((key) => server.custom(`mail-dns-example.net${key}`).inputs.content);
    };
    const values = ["a", "b"].map((selector) => `"v=DKIM1; k=rsa; p=${selector}"`);
    expect((await contents("debian13")).slice(0, 2)).toEqual(values);
    expect((await contents("debian13"))[2]).not.toEqual(expect.any(String));
    for (const content of await contents("debian12")) expect(content).not.toEqual(expect.any(String));
  });

  test("the signing key changes only after every record is there", async () => {
    const { server, records } = await recordsOf(pastWith(["a", "b"], "a"), "b", "a");
    for (const record of records) expect(server.waitsFor(server.custom("mail-dkim"), record)).toBe(true);
  });

  test("the order of the others is no change", async () => {
    const [one, two] = [await recordsOf(undefined, "a", "b", "c"), await recordsOf(undefined, "a", "c", "b")];
    for (const { urn, name, inputs } of one.server.registrations) {
      const same = two.server.registrations.find((each) => each.urn === urn);
      expect([name, JSON.stringify(same?.inputs)]).toEqual([name, JSON.stringify(inputs)]);
    }
  });
});

test.each<[string, Record<string, unknown>, string]>([
  [
    "a selector in both",
    { dkimSelector: "a", dkimOtherSelectors: ["b", "a"] },
    'mailstack:dkimOtherSelectors[1]: "a" is already dkimSelector; a selector either signs or is one of the others',
  ],
  [
    "one twice",
    { dkimOtherSelectors: ["b", "c", "b"] },
    'mailstack:dkimOtherSelectors[2]: "b" is already dkimOtherSelectors[0]; each may appear once',
  ],
  ["no label", { dkimOtherSelectors: ["a.b"] }, "mailstack:dkimOtherSelectors[0]: must be one DNS label"],
  ["an empty one", { dkimOtherSelectors: [""] }, "mailstack:dkimOtherSelectors[0]: must be one DNS label"],
  ["upper case", { dkimOtherSelectors: ["B"] }, "mailstack:dkimOtherSelectors[0]: must be one DNS label"],
  ["a long one", { dkimOtherSelectors: ["b".repeat(64)] }, "mailstack:dkimOtherSelectors[0]: must be one DNS label"],
  ["no list", { dkimOtherSelectors: "b" }, "mailstack:dkimOtherSelectors: must be a list of selectors"],
  ["too many", { dkimOtherSelectors: ["b", "c", "d", "e", "f"] }, "mailstack:dkimOtherSelectors: must be at most 4"],
  ["a negative age", { dkimMaxAgeDays: -1 }, "mailstack:dkimMaxAgeDays: must not be negative"],
  ["half a day", { dkimMaxAgeDays: 1.5 }, "mailstack:dkimMaxAgeDays: must be a whole number of days"],
  ["an age beyond all", { dkimMaxAgeDays: 4000 }, "mailstack:dkimMaxAgeDays: must be at most 3650 days"],
])("%s is refused", (_what, change, words) => {
  expect(() => parseSettings({ ...stackValues("prod"), ...change })).toThrow(words);
});

test("a selector that makes a name too long for the DNS is refused, also among the others", () => {
  const long = Array.from({ length: 3 }, () => "d".repeat(60)).join(".");
  const values = { ...stackValues("prod"), domains: [{ ...other, name: `${long}.example` }] };
  expect(() => parseSettings(values)).not.toThrow();
  expect(() => parseSettings({ ...values, dkimOtherSelectors: ["b".repeat(63)] })).toThrow(
    "makes a record whose name has more than 253 characters",
  );
});
