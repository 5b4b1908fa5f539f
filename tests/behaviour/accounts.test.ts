import { administratorNames } from "../../components/services/accounts";
import { SettingsError } from "../../components/settings/parse";
import { goldenStack } from "../golden/stack";
import { onEveryHost } from "./support/hosts";

onEveryHost("accounts", (host) => {
  const { domains, users, aliases } = host.bundles.find(({ accounts }) => accounts)!.accounts!;
  const domainOf = (address: string) => address.slice(address.lastIndexOf("@") + 1);

  test("are in hosted domains, every one", () => {
    expect(domains).toEqual([...host.stack.mailDomains].sort());
    for (const address of [...users.map((user) => user.address), ...aliases.map((alias) => alias.source)])
      expect(domains).toContain(domainOf(address));
  });

  test("postmaster, abuse and the other names of RFC 2142 reach somebody in every domain", () => {
    const mailboxes = new Set(users.map(({ address }) => address));
    const ends = (address: string, seen: string[] = []): string[] => {
      if (seen.includes(address)) return [];
      if (mailboxes.has(address) || !domains.includes(domainOf(address))) return [address];
      const alias = aliases.find(({ source }) => source === address);
      return (alias?.destinations ?? []).flatMap((next) => ends(next, [...seen, address]));
    };
    for (const domain of domains)
      for (const name of ["postmaster", "abuse", "hostmaster", "root", "dmarc", "tls-rpt"])
        expect([`${name}@${domain}`, ends(`${name}@${domain}`).length > 0]).toEqual([`${name}@${domain}`, true]);
    expect(administratorNames).toContain("postmaster");
  });

  test("no address is a mailbox and an alias, and each has a limit", () => {
    const sources = aliases.map(({ source }) => source);
    expect(new Set(sources).size).toBe(sources.length);
    expect(users.filter(({ address }) => sources.includes(address))).toEqual([]);
    for (const user of users) expect(user.quotaMb).toBeGreaterThanOrEqual(10);
  });
});

describe("settings", () => {
  const problem = (change: Record<string, unknown>) => {
    try {
      goldenStack("debian13", change);
      return undefined;
    } catch (error) {
      if (error instanceof SettingsError) return error.message;
      throw error;
    }
  };
  const user = (address: string) => ({
    users: [{ address: "admin@example.org" }, { address: "ceo@example.org" }, { address }],
  });
  const alias = (address: string, destination = "ceo@example.org") => ({
    aliases: [{ address, destinations: [destination] }],
  });

  // Neighbours: what ends in the same letters, what is below, and what is above.
  test.each(["fooexample.org", "sub.example.org", "org", "example.org.elsewhere.example", "example.com"])(
    "a mailbox or an alias in %s, which is not hosted, is refused",
    (domain) => {
      expect(problem(user(`x@${domain}`))).toMatch(/outside the hosted domains|is not a mail address/);
      expect(problem(alias(`x@${domain}`))).toMatch(/outside the hosted domains|is not a mail address/);
      if (domain !== "org") expect(problem(alias(`@${domain}`))).toMatch(/outside the hosted domains/);
    },
  );

  test("one in each hosted domain is taken, and an alias may lead anywhere outside", () => {
    expect(problem(user("x@example.net"))).toBeUndefined();
    expect(problem(alias("x@example.net"))).toBeUndefined();
    expect(problem(alias("x@example.org", "y@fooexample.org"))).toBeUndefined();
    expect(problem(alias("@example.net"))).toBeUndefined();
  });

  test("an alias that leads to nobody here, or in a circle, is refused", () => {
    expect(problem(alias("x@example.org", "nobody@example.org"))).toMatch(/no mailbox and no alias/);
    const circle = [
      { address: "x@example.org", destinations: ["y@example.net"] },
      { address: "y@example.net", destinations: ["x@example.org"] },
    ];
    expect(problem({ aliases: circle })).toMatch(/is a loop/);
  });

  test.each([
    "fooexample.org",
    "mail.fooexample.org",
    "example.org",
    "mail.example.net",
    "mail.example.org.elsewhere.example",
  ])("the host is not called %s: its zone is not the domain's", (hostname) =>
    expect(problem({ hostname })).toMatch(/hostname.*must be a name below example\.org/s),
  );

  test.each(["mx.example.org", "mx.far.example.org"])("the host may be called %s", (hostname) =>
    expect(problem({ hostname })).toBeUndefined(),
  );

  test("the administrator is a mailbox here", () => {
    expect(problem({ administrator: "someone@elsewhere.example" })).toMatch(/must be one of mailstack:users/);
  });
});
