import { readAddress } from "../../components/settings/address";
import { parseSettings } from "../../components/settings/parse";

test.each([
  ["me+work@gmail.com", "me+work@gmail.com"],
  ["Miles.O'Brien@example.com", "Miles.O'Brien@example.com"],
  ["a!#$%&'*+-/=?^_`{|}~b@example.com", "a!#$%&'*+-/=?^_`{|}~b@example.com"],
  ["_@example.com", "_@example.com"],
  ["1=2@sub.example.photography", "1=2@sub.example.photography"],
  ["Me@Example.COM", "Me@example.com"],
  ["me@xn--mller-kva.example", "me@xn--mller-kva.example"],
  ["me@Müller.example", "me@xn--mller-kva.example"],
  ["me@例え.テスト", "me@xn--r8jz45g.xn--zckzah"],
  [`${"x".repeat(64)}@example.com`, `${"x".repeat(64)}@example.com`],
])("%s is an address anywhere", (text, address) => {
  expect(readAddress(text)).toEqual({ address });
});

test.each([
  ["me", 'is not a mail address, like "friend@example.org"'],
  ["@example.com", 'is not a mail address, like "friend@example.org"'],
  ["me@", 'is not a mail address, like "friend@example.org"'],
  ['"john smith"@example.com', "has a quoted local part, which is not supported; use an address that needs no quotes"],
  [
    "jürgen@example.com",
    "has characters outside ASCII before the @, which many servers do not take; use an ASCII address",
  ],
  ["john smith@example.com", "has characters before the @ that no unquoted address may have"],
  ["a..b@example.com", "has characters before the @ that no unquoted address may have"],
  [".a@example.com", "has characters before the @ that no unquoted address may have"],
  ["a,b@example.com", "has characters before the @ that no unquoted address may have"],
  ["Me <me@example.com>", "has characters before the @ that no unquoted address may have"],
  ["a@b@example.com", "has characters before the @ that no unquoted address may have"],
  [`${"x".repeat(65)}@example.com`, "has more than 64 characters before the @"],
  ["me@[192.0.2.1]", "names an IP address; use the name of a mail domain"],
  ["me@192.0.2.1", 'has no domain name after the @, like "example.org"'],
  ["me@localhost", 'has no domain name after the @, like "example.org"'],
  ["me@exa mple.com", 'has no domain name after the @, like "example.org"'],
  ["me@exa_mple.com", 'has no domain name after the @, like "example.org"'],
  ["me@example.com.", 'has no domain name after the @, like "example.org"'],
  [`me@${"x".repeat(64)}.com`, 'has no domain name after the @, like "example.org"'],
  [
    `${"x".repeat(64)}@${"y".repeat(60)}.${"z".repeat(60)}.${"y".repeat(60)}.${"z".repeat(9)}`,
    "has more than 254 characters",
  ],
])("%s is none", (text, words) => {
  expect(readAddress(text)).toEqual({ problem: `"${text}" ${words}` });
});

describe("in the settings", () => {
  const values = {
    domain: "example.org",
    administrator: "admin@example.org",
    cloudflareZoneId: "0".repeat(32),
    users: [{ address: "admin@example.org" }],
  };
  const parsed = (more: object) => {
    try {
      return parseSettings({ ...values, ...more });
    } catch (error) {
      return (error as Error).message;
    }
  };

  test("aliases of both kinds lead to anybody's address, its domain in the form of the DNS", () => {
    const destinations = ["Me+Work@Gmail.com", "me@Müller.example"];
    expect(
      parsed({
        aliases: [{ address: "sales@example.org", destinations }],
        sharedAliases: [{ name: "jobs", destinations }],
      }),
    ).toMatchObject({
      aliases: [{ destinations: ["Me+Work@gmail.com", "me@xn--mller-kva.example"] }],
      sharedAliases: [{ destinations: ["Me+Work@gmail.com", "me@xn--mller-kva.example"] }],
    });
  });

  test("the hosted domains keep their narrow form", () => {
    const alias = (destination: string) =>
      parsed({ aliases: [{ address: "sales@example.org", destinations: [destination] }] });
    expect(alias("Admin@Example.org")).toBe(
      'mailstack:aliases[0].destinations[0]: "Admin@example.org" is in a hosted domain but is no mailbox and no alias; write it in lower case',
    );
    expect(alias("admin+tag@example.org")).toMatch(/is in a hosted domain but is no mailbox and no alias/);
    for (const address of ["me+work@example.org", "o'brien@example.org", "Me@example.org"])
      expect(parsed({ users: [...values.users, { address }] })).toBe(
        `mailstack:users[1].address: "${address}" is not a mail address in lower case, like "ceo@example.org"`,
      );
  });
});
