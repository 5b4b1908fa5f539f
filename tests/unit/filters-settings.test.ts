import { plans } from "../../components/settings/linode";
import { parseSettings } from "../../components/settings/parse";
import { renderOf } from "../golden/renders";

const good = {
  domain: "example.org",
  administrator: "admin@example.org",
  users: [{ address: "admin@example.org" }],
  cloudflareZoneId: "0123456789abcdef0123456789abcdef",
};
const larger = { plan: "g6-standard-2" };
const linesOf = (values: object) => {
  try {
    parseSettings({ ...good, ...values });
    return [];
  } catch (error) {
    return (error as Error).message.split("\n");
  }
};

describe("memory", () => {
  const end = "and mailstack:plan g6-standard-1 has 2048 MiB; choose a larger plan or set it to false";

  test.each<[string, object, string[]]>([
    ["ClamAV", { clamav: true }, [`mailstack:clamav: needs a plan with 3750 MiB of memory, ${end}`]],
    ["SpamAssassin", { spamAssassin: true }, [`mailstack:spamAssassin: needs a plan with 2200 MiB of memory, ${end}`]],
    [
      "both, in one line",
      { clamav: true, spamAssassin: true },
      [`mailstack:clamav: needs a plan with 4000 MiB of memory, with mailstack:spamAssassin too, ${end}`],
    ],
    ["neither", {}, []],
    ["no boolean", { clamav: "yes", ...larger }, ["mailstack:clamav: must be true or false"]],
  ])("on the smallest plan: %s", (_what, values, lines) => {
    expect(linesOf(values)).toEqual(lines);
  });

  test.each(Object.keys(plans).filter((plan) => plans[plan]!.memory >= 4096))("both fit on %s", (plan) => {
    expect(linesOf({ clamav: true, spamAssassin: true, plan })).toEqual([]);
  });

  test("both are off by default", () => {
    expect(parseSettings(good)).toMatchObject({ clamav: false, spamAssassin: false });
  });
});

describe("what is off", () => {
  const packagesOf = (values: object) => renderOf("packages", { ...values })("debian12");
  const rspamdOf = (clamav: boolean, spamAssassin: boolean) => renderOf("rspamd", { clamav, spamAssassin })("debian12");

  test("is not installed, and debconf is asked nothing about it", () => {
    const bundle = packagesOf({});
    expect(bundle.packages!.filter((name) => /^(clam|spam|gpg)/.test(name))).toEqual([]);
    expect(bundle.debconf!.filter((line) => /clam/.test(line))).toEqual([]);
    const on = packagesOf({ clamav: true, spamAssassin: true });
    const added = on.packages!.filter((name) => !bundle.packages!.includes(name));
    expect(added).toEqual(["clamav-daemon", "clamav-freshclam", "gpg", "gpg-agent", "spamassassin", "spamd"]);
  });

  test("is nothing that Rspamd knows of", () => {
    const text = JSON.stringify(rspamdOf(false, false));
    expect(text).not.toMatch(/clam|antivirus|spamd\\.sock|task_timeout/i);
  });

  test("leaves files to those that are on alone", () => {
    const files = (clamav: boolean, spamAssassin: boolean) => Object.keys(rspamdOf(clamav, spamAssassin).files);
    const none = files(false, false);
    const added = (all: string[]) => all.filter((path) => !none.includes(path));
    expect(added(files(true, false))).toEqual(["/etc/rspamd/local.d/antivirus.conf", "/etc/rspamd/rspamd.local.lua"]);
    expect(added(files(false, true))).toEqual([
      "/etc/rspamd/local.d/external_services.conf",
      "/etc/rspamd/local.d/groups.conf",
    ]);
  });
});

test("clamd takes every message that Postfix takes: a larger file would pass without a look", () => {
  const conf = renderOf("clamav", { clamav: true, messageSizeLimitMb: 150 })("debian12").files[
    "/etc/clamav/clamd.conf"
  ]!.content;
  for (const key of ["StreamMaxLength", "MaxFileSize"])
    expect(Number(new RegExp(`^${key} (\\d+)M$`, "m").exec(conf)?.[1])).toBeGreaterThan(150);
});
