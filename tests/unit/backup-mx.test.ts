import * as cloudflare from "@pulumi/cloudflare";
import * as linode from "@pulumi/linode";
import * as pulumi from "@pulumi/pulumi";
import type { Mocks } from "@pulumi/pulumi/runtime";
import { checkedBackupMx, outputsOfBackupMx } from "../../components/checked-backup-mx";
import { checkedMailServer, outputsOf } from "../../components/checked-mail-server";
import { readExchange, backupMxSchema, relayForSchema } from "../../components/reach/exchange";
import { networksOf, trustedExchangers } from "../../components/reach/trusted";
import { parseBackupMxSettings, parseSettings } from "../../components/settings/parse";
import { fakeCloud, instanceId, ipv4, ipv6 } from "./support/fake-cloud";
import { RecordedServer } from "./support/mail-server";
import { isSecret, record, valueOf, type RecordedProgram } from "./support/recorded-program";
import { stackConfig, stackValues, tokens, zoneId } from "./support/stacks";

const relayFor = {
  version: 1,
  hostname: "mail.ementech.co.ke",
  administrator: "admin@ementech.co.ke",
  domains: ["ementech.co.ke", "second.example"],
  recipients: ["admin@ementech.co.ke", "ceo@ementech.co.ke", "postmaster@second.example"],
  catchAll: ["second.example"],
  messageSizeLimitMb: 40,
  dane: false,
};
const backupMx = { version: 1, hostname: "mx2.ementech.co.ke", ipv4: "198.51.100.20", ipv6: "2001:db8:2::20" };

/** A cloud in which another stack has these outputs. */
function beside(outputs: Record<string, unknown>, secretOutputNames: string[] = [], preview = false): Mocks {
  const cloud = fakeCloud(preview);
  return {
    ...cloud,
    newResource: (resource) =>
      resource.type === "pulumi:pulumi:StackReference"
        ? { id: resource.name, state: { name: resource.name, outputs, secretOutputNames } }
        : cloud.newResource(resource),
  };
}

const providers = () => ({
  linode: new linode.Provider("linode", { token: "linode-token-for-tests" }),
  cloudflare: new cloudflare.Provider("cloudflare", { apiToken: "cloudflare-token-for-tests" }),
});
const own = (change: Record<string, unknown> = {}) => parseBackupMxSettings({ ...stackValues("backup-mx"), ...change });
const backup = (cloud: Mocks, change: Record<string, unknown> = {}) =>
  record(() => checkedBackupMx("mail", { settings: own(change), ...providers() }), { cloud });
const primary = (cloud: Mocks, change: Record<string, unknown> = {}) => {
  const settings = parseSettings({ ...stackValues("prod"), backupStack: "backup-mx", ...change });
  return record(() => checkedMailServer("mail", { settings, ...providers() }), { cloud });
};
const filesOf = (program: RecordedProgram<unknown>, service: string) => {
  const command = program.registrations.find(
    ({ type, name }) => type === "command:remote:Command" && name === `mail-${service}`,
  );
  const bundle = JSON.parse(String(command?.inputs.stdin)) as { files: Record<string, { content: string }> };
  return Object.fromEntries(Object.entries(bundle.files).map(([path, { content }]) => [path, content]));
};

describe("the configuration of a backup MX", () => {
  test("is short; what its primary tells is refused in it, but for the defaults of Pulumi.yaml", () => {
    expect(own()).toMatchObject({ role: "backup-mx", primaryStack: "prod", plan: "g6-nanode-1", queueDays: 5 });
    expect(() => own({ users: [{ address: "ceo@ementech.co.ke" }], domain: "ementech.co.ke" })).toThrow(
      "mailstack:users: is what the primary tells a backup MX (mailstack:primaryStack); take it out here\n" +
        "mailstack:domain: is what the primary tells",
    );
    expect(own({ users: [], webmail: true, messageSizeLimitMb: 40 })).toEqual(own());
    expect(() => own({ primaryStack: "" })).toThrow("mailstack:primaryStack: is missing");
    expect(() => own({ plan: "g6-nano" })).toThrow('"g6-nano" does not carry a backup MX');
    expect(() => own({ cloudflareZoneId: "" })).toThrow("mailstack:cloudflareZoneId: is missing");
  });

  test("a primary has no primary, and its plan is not the smaller one", () => {
    const parse = (change: object) => parseSettings({ ...stackValues("prod"), ...change });
    expect(() => parse({ primaryStack: "prod" })).toThrow("mailstack:primaryStack: is for a backup MX only");
    expect(() => parse({ plan: "g6-standard-2", clamav: true, backupStack: "backup-mx" })).toThrow(
      "mailstack:backupStack: does not go with mailstack:clamav",
    );
    expect(() => parse({ role: "backup-mx" })).toThrow('mailstack:role: "backup-mx" is a stack of its own');
    expect(() => parse({ plan: "g6-nanode-1" })).toThrow("does not carry the stack");
    expect(() => parse({ backupStack: "a/b" })).toThrow('"a/b" is not the name of a stack');
  });
});

describe("what the two stacks tell each other", () => {
  const about = { stack: "prod", output: "relayFor", next: "run its up first" };
  test.each([
    ["nothing", {}, "the stack prod has no output relayFor yet; run its up first"],
    ["a secret", { secretValue: relayFor }, "is secret, and must be plain"],
    ["a secret of another passphrase", { value: {} }, "is secret, and must be plain"],
    ["an older version", { value: { ...relayFor, version: 0 } }, "bring the stack prod up with the newer version"],
    ["a newer version", { value: { ...relayFor, version: 2 } }, "bring this stack up with the newer version"],
    ["something else", { value: { ...relayFor, domains: "x" } }, "is not usable: domains: "],
  ])("%s is a line that names the stack and the remedy", (_what, told, line) => {
    expect(readExchange(told, relayForSchema, about)).toEqual({ problem: expect.stringContaining(line) as string });
  });

  test("the whole is taken as it is", () => {
    expect(readExchange({ value: relayFor }, relayForSchema, about)).toEqual({ told: relayFor });
    expect(readExchange({ value: backupMx }, backupMxSchema, about)).toEqual({ told: backupMx });
  });
});

describe("a backup MX", () => {
  let program: RecordedProgram<Awaited<ReturnType<typeof checkedBackupMx>>>;
  beforeAll(async () => {
    program = await backup(beside({ relayFor }));
  });

  test("is a small host with its own name, and no MX record: that is its primary's", () => {
    const instance = program.registrations.find(({ type }) => type === "linode:index/instance:Instance");
    expect(instance?.inputs).toMatchObject({ label: "mx2.ementech.co.ke", type: "g6-nanode-1", region: "us-east" });
    const records = program.registrations.filter(({ type }) => type === "cloudflare:index/dnsRecord:DnsRecord");
    expect(records.map(({ inputs }) => `${String(inputs.name)} ${String(inputs.type)}`).sort()).toEqual([
      "mx2.ementech.co.ke A",
      "mx2.ementech.co.ke AAAA",
      "mx2.ementech.co.ke CAA",
      "mx2.ementech.co.ke TXT",
    ]);
  });

  test("opens SSH, SMTP, and HTTP for its certificate", () => {
    const firewall = program.registrations.find(({ type }) => type === "linode:index/firewall:Firewall");
    const rules = firewall?.inputs.inbounds as { label: string }[];
    expect(rules.map(({ label }) => label)).toEqual(["ssh", "smtp", "http", "icmp"]);
  });

  test("knows its primary's domains, addresses and limit, with room for what is added on the way", () => {
    const files = filesOf(program, "relay");
    expect(files["/etc/postfix/main.cf"]).toContain("\nrelay_domains = ementech.co.ke second.example\n");
    expect(files["/etc/postfix/main.cf"]).toContain("\nrelay_transport = relay:[mail.ementech.co.ke]:25\n");
    expect(files["/etc/postfix/main.cf"]).toContain(`\nmessage_size_limit = ${40 * 1024 * 1024 - 64 * 1024}\n`);
    const listed = files["/etc/postfix/relay_recipients"]!.split("\n");
    for (const address of [...relayFor.recipients, "second.example", "postmaster@mx2.ementech.co.ke"])
      expect(listed).toContain(`${address} OK`);
  });

  test("its outputs are plain but for the key, and are what the primary reads", async () => {
    const { deployKey, ...shown } = outputsOfBackupMx(program.result);
    expect(await pulumi.isSecret(pulumi.output(shown))).toBe(false);
    expect(await pulumi.isSecret(deployKey)).toBe(true);
    expect(await valueOf(shown.backupMx)).toEqual({ version: 1, hostname: "mx2.ementech.co.ke", ipv4, ipv6 });
    expect(await valueOf(shown.history)).toMatchObject({ guarded: instanceId, plan: "g6-nanode-1", os: "debian12" });
  });

  test.each([
    ["the primary has told nothing", beside({}), {}, "has no output relayFor yet"],
    ["it is a secret", beside({ relayFor }, ["relayFor"]), {}, "is secret"],
    ["the name is outside the domain", beside({ relayFor }), { hostname: "mx2.example.net" }, "a name below"],
    ["the name is the primary's", beside({ relayFor }), { hostname: "mail.ementech.co.ke" }, "the primary itself"],
  ])("nothing is made when %s", async (_what, cloud, change, line) => {
    const registrations: RecordedProgram<unknown>["registrations"] = [];
    const made = record(() => checkedBackupMx("mail", { settings: own(change), ...providers() }), {
      cloud,
      registrations,
    });
    await expect(made).rejects.toThrow(line);
    expect(registrations.filter(({ type }) => type.startsWith("linode:"))).toEqual([]);
  });
});

describe("the primary of a backup MX", () => {
  test("believes it before the world's mail is led to it", async () => {
    const server = new RecordedServer((await primary(beside({ backupMx }))) as never);
    const mx = server.registrations.filter(({ inputs }) => inputs.type === "MX");
    expect(mx.map(({ inputs }) => `${String(inputs.priority)} ${String(inputs.content)}`)).toEqual([
      "10 mail.ementech.co.ke",
      "20 mx2.ementech.co.ke",
    ]);
    for (const service of ["rspamd", "postfix", "connections", "fail2ban", "mta-sts"])
      expect(server.waitsFor(mx[1]!, server.custom(`mail-${service}`))).toBe(true);
    const { program } = server;
    expect(filesOf(program, "rspamd")["/etc/rspamd/local.d/external_relay.conf"]).toContain('["mx2.ementech.co.ke"]');
    expect(filesOf(program, "postfix")["/etc/postfix/main.cf"]).toMatch(
      /_exceptions = \$mynetworks 198\.51\.100\.20\/32 \[2001:db8:2::20\]\/128\n/,
    );
    expect(filesOf(program, "fail2ban")["/etc/fail2ban/jail.local"]).toMatch(/ignoreip = .*198\.51\.100\.20\/32/);
    expect(filesOf(program, "connections")["/etc/nftables.d/mailstack.nft"]).toContain("saddr 198.51.100.20/32 accept");
    expect(filesOf(program, "mta-sts")["/var/www/mailstack-mta-sts/mta-sts.txt"]).toContain("mx: mx2.ementech.co.ke\n");
    expect((await valueOf(program.result.history)).backupMxs).toEqual([backupMx]);
  });

  test("tells it what it needs, in plain", async () => {
    const { result } = await primary(beside({}), { backupStack: "", sharedAliases: [], aliases: [] });
    const told = outputsOf(result).relayFor;
    expect(isSecret(told)).toBe(false);
    expect(relayForSchema.parse(told)).toEqual(told);
  });

  test("nothing is made when there is no such stack", async () => {
    const cloud = beside({});
    const call: Mocks["call"] = async (asked) => {
      if (asked.inputs.name === "backup-mx")
        throw Object.assign(new Error(), { code: 2, details: 'unknown stack "backup-mx"' });
      return cloud.call(asked) as Record<string, unknown>;
    };
    await expect(primary({ ...cloud, call })).rejects.toThrow(
      /^Nothing was changed:\nmailstack:backupStack: the stack "backup-mx" cannot be read \(.*unknown stack.*pulumi stack ls/,
    );
  });

  test("nothing is made while the other stack tells nothing", async () => {
    await expect(primary(beside({}))).rejects.toThrow(
      "mailstack:backupStack: the stack backup-mx has no output backupMx yet; run its up first",
    );
  });
});

describe("whom a primary believes", () => {
  const now = new Date("2026-11-30T00:00:00Z");
  const day = "2026-12-07T00:00:00.000Z";
  const told = backupMxSchema.parse(backupMx);
  const other = { ...told, ipv4: "198.51.100.21", ipv6: "" };

  test("one that is taken out, or has another address, is believed for some days, for mail on its way", () => {
    expect(trustedExchangers([], told, day, now)).toEqual([told]);
    expect(trustedExchangers([told], other, day, now)).toEqual([other, { ...told, until: day }]);
    expect(trustedExchangers([told], undefined, day, now)).toEqual([{ ...told, until: day }]);
    const until = "2026-12-01T00:00:00.000Z";
    expect(trustedExchangers([{ ...told, until }], undefined, day, now)).toEqual([{ ...told, until }]);
    expect(trustedExchangers([{ ...told, until: "2026-11-29T00:00:00.000Z" }], undefined, day, now)).toEqual([]);
    expect(trustedExchangers([{ ...told, until }], told, day, now)).toEqual([told]);
  });

  test("both of its addresses count", () => {
    expect(networksOf([told, other])).toEqual(["198.51.100.20/32", "2001:db8:2::20/128", "198.51.100.21/32"]);
  });
});

test("the program makes one of a stack with that role, and refuses its file where something is wrong in it", async () => {
  const program = async (config: Record<string, string>) => {
    pulumi.runtime.setAllConfig(config, Object.keys(tokens));
    jest.resetModules();
    return record(async () => (await import("../../index")).default(), { cloud: beside({ relayFor }) });
  };
  const { registrations, result } = await program(stackConfig("backup-mx"));
  const top = registrations.filter((each) => each.parent === "");
  expect(top.map((each) => each.type).sort()).toEqual([
    "mailstack:index:BackupMx",
    "pulumi:providers:cloudflare",
    "pulumi:providers:linode",
  ]);
  expect(Object.keys(result).sort()).toEqual([
    ...["backupMx", "deployKey", "history", "hostKey", "hostname", "ipv4", "ipv6", "zones"],
  ]);
  await expect(program({ ...stackConfig("backup-mx"), "mailstack:domain": "example.org" })).rejects.toThrow(
    "mailstack:domain: is what the primary tells a backup MX",
  );
});

test("the example file is for this stack", () => {
  expect(stackValues("backup-mx")).toMatchObject({ role: "backup-mx", primaryStack: "prod", cloudflareZoneId: zoneId });
});
