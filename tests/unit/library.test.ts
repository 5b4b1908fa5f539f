import * as cloudflare from "@pulumi/cloudflare";
import * as linode from "@pulumi/linode";
import * as pulumi from "@pulumi/pulumi";
import { dkimValue } from "./support/fake-cloud";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Stack } from "../../components";
import { record, valueOf } from "./support/recorded-program";
import { zoneId } from "./support/stacks";

/** The exports are contract: other programs name them. */
const values = [
  "BackupMx",
  "CloudflareRecords",
  "Host",
  "LinodeRecords",
  "MailServer",
  "ReverseName",
  "Server",
  "Service",
  "SettingsError",
  "backupMxOf",
  "backupMxSchema",
  "backupMxSettingsSchema",
  "checkedBackupMx",
  "checkedMailServer",
  "checkedPast",
  "defineService",
  "linodeOptions",
  "mailRecords",
  "outputsOf",
  "outputsOfBackupMx",
  "parseBackupMxSettings",
  "parseSettings",
  "primaryOf",
  "readBackupMxConfig",
  "readConfig",
  "relayForSchema",
  "roleOfStack",
  "settingsSchema",
];

test("an import makes nothing, reads no configuration, and brings the exports", async () => {
  jest.resetModules();
  const { registrations, result } = await record(async () => {
    // The program reads configuration through one of these; the library gets everything as arguments.
    const { Config, runtime } = await import("@pulumi/pulumi");
    const readers = [
      jest.spyOn(Config.prototype, "get"),
      jest.spyOn(Config.prototype, "require"),
      jest.spyOn(Config.prototype, "requireSecret"),
      jest.spyOn(runtime, "allConfig"),
    ];
    const mailstack = await import("../../components");
    return { exports: Object.keys(mailstack).sort(), reads: readers.map((reader) => reader.mock.calls.length) };
  });
  expect(registrations).toEqual([]);
  expect(result.reads).toEqual([0, 0, 0, 0]);
  expect(result.exports).toEqual(values);
});

const firstNames = { domain: "example.org", hostname: "mail.example.org", selector: "ementech1" };

/** Settings of another company's program. */
const settings = {
  domain: "example.org",
  administrator: "admin@example.org",
  users: [{ address: "admin@example.org" }],
  cloudflareZoneId: zoneId,
};

test("another program has two mail servers side by side, each below a component of its own", async () => {
  const mailstack = await import("../../components");
  const { registrations, result } = await record(() => {
    const providers = {
      linode: new linode.Provider("account", { token: "x" }),
      cloudflare: new cloudflare.Provider("zones", { apiToken: "x" }),
    };
    const office = new pulumi.ComponentResource("acme:index:Office", "office");
    const one = mailstack.parseSettings(settings);
    const two = mailstack.parseSettings({ ...settings, hostname: "mx2.example.org" });
    return {
      one: new mailstack.MailServer("one", { settings: one, ...providers }, { parent: office }),
      two: new mailstack.MailServer("two", { settings: two, ...providers }, { parent: office, protect: true }),
    };
  });
  expect(await valueOf(result.one.dkim)).toEqual({ "example.org": dkimValue("example.org") });
  expect([result.one.hostname, result.two.hostname]).toEqual(["mail.example.org", "mx2.example.org"]);
  const urns = registrations.map((each) => each.urn);
  expect(new Set(urns).size).toBe(urns.length);
  const ofServer = (name: string) => registrations.filter((each) => each.name.split("-")[0] === name);
  expect(ofServer("one")).toHaveLength(ofServer("two").length);
  // What a program asks for its component counts for all that is in it.
  expect(ofServer("two").filter((each) => !each.protect)).toEqual([]);
});

test("a service that is out of the list is taken off the host, once and not while another of the name is there", async () => {
  const mailstack = await import("../../components");
  const service = (name: string) =>
    mailstack.defineService<Stack>({ name, type: "acme:Own", render: () => ({ files: {} }) });
  const up = (services: string[], past?: string[]) =>
    record(() => {
      const providers = {
        linode: new linode.Provider("account", { token: "x" }),
        cloudflare: new cloudflare.Provider("zones", { apiToken: "x" }),
      };
      return new mailstack.MailServer("one", {
        settings: mailstack.parseSettings(settings),
        services: services.map(service),
        past: past && { first: firstNames, hostname: "mail.example.org", keys: {}, published: [], services: past },
        ...providers,
      });
    });
  const retired = async (...args: Parameters<typeof up>) => {
    const { registrations, result } = await up(...args);
    const command = registrations.find(({ name }) => name === "one-retired")?.inputs.create;
    return [(await valueOf(result.history)).services, command];
  };
  const remove = "/usr/local/sbin/mailstack remove";
  expect(await retired(["gitea"])).toEqual([["gitea"], undefined]);
  expect(await retired([], ["gitea", "wiki"])).toEqual([["gitea", "wiki"], `${remove} gitea wiki`]);
  expect(await retired(["gitea"], ["gitea", "wiki"])).toEqual([["gitea", "wiki"], `${remove} wiki`]);
  // Mailstack has one of this name by now.
  expect(await retired([], ["gitea", "srs"])).toEqual([["gitea", "srs"], `${remove} gitea`]);
});

test("a secret of another program's service cannot take the name of one of ours", async () => {
  const mailstack = await import("../../components");
  await record(() => {
    const providers = {
      linode: new linode.Provider("account", { token: "x" }),
      cloudflare: new cloudflare.Provider("zones", { apiToken: "x" }),
    };
    const secrets = { "gitea-key": "x", "rspamd-controller": "x" };
    const args = { settings: mailstack.parseSettings(settings), secrets, ...providers };
    expect(() => new mailstack.MailServer("one", args)).toThrow(
      "secrets: rspamd-controller: taken by Mailstack; choose another name",
    );
  });
});

test("the parts work alone: records of a domain whose host is elsewhere", async () => {
  const { CloudflareRecords, mailRecords } = await import("../../components");
  const { registrations } = await record(() => {
    const domain = { domain: "example.net", mainDomain: "example.org", hostname: "mail.example.org", ipv6: true };
    const records = mailRecords({ ...domain, dkimSelector: "mail1", dmarcPolicy: "none" });
    const facts = { ipv4: "192.0.2.1", ipv6: "", dkim: { "example.net": "v=DKIM1; p=AAAA" } };
    return new CloudflareRecords("net", { zoneId, records, facts });
  });
  expect(registrations.filter((each) => each.custom).map((each) => each.name)).toHaveLength(11);
  expect(registrations.find((each) => each.name === "net-dkim")?.inputs.content).toBe('"v=DKIM1; p=AAAA"');
});

interface Manifest {
  version: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}

describe.each(["library", "mailstack"])("examples/%s", (example) => {
  const read = (file: string) => readFileSync(join(__dirname, "../..", file), "utf8");
  const manifest = (file: string) => JSON.parse(read(file)) as Manifest;

  test("names the versions that this project is tested with", () => {
    const own = manifest("package.json");
    const tested = { mailstack: own.version, ...own.dependencies, ...own.devDependencies };
    const named = manifest(`examples/${example}/package.json`);
    expect(Object.keys(named.dependencies).sort()).toEqual(["mailstack", ...Object.keys(own.peerDependencies)].sort());
    expect(tested).toMatchObject({ ...named.dependencies, ...named.devDependencies });
  });

  test("takes no token of Linode or Cloudflare from the environment", () => {
    const { config } = parse(read(`examples/${example}/Pulumi.yaml`)) as { config: Record<string, unknown> };
    expect(config["pulumi:disable-default-providers"]).toEqual({ value: ["linode", "cloudflare"] });
  });
});
