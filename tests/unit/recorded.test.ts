import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { servicesOf } from "../../components/services";
import { readRelease, recordedDays } from "../../scripts/recorded-release";
import { goldenStack } from "../golden/stack";
import { changes } from "./recorded/changes";
import { plan, type Planned, type Step } from "./support/plan";
import { open, record } from "./support/recorded-program";
import { cloudOf, configOf } from "./support/recorded-release";
import { tokens } from "./support/stacks";

const root = join(__dirname, "../..");

/** Runs the program on the stack of a release, with other values for some of its settings. */
async function upOf(day: string, change: Record<string, unknown> = {}) {
  const release = readRelease(day);
  const config = { ...release.config, ...change };
  pulumi.runtime.setAllConfig(configOf({ ...release, config }), Object.keys(tokens));
  // A module runs only once.
  jest.resetModules();
  const cloud = cloudOf(release);
  const { registrations } = await record(async () => (await import("../../index")).default(), { cloud });
  return { registrations, steps: plan(release, registrations) };
}

const isCommand = ({ type }: Planned) => type === "command:remote:Command";

/** Names of what meets a step, once each. */
function names(steps: Planned[], step: Step, which: (one: Planned) => boolean = () => true): string[] {
  return [...new Set(steps.filter((one) => one.step === step && which(one)).map(({ name }) => name))].sort();
}

/** A service that a release does not have yet is made: that follows from the list of services. */
const services = servicesOf(goldenStack("debian12")).map(({ name }) => `mail-${name}`);
const listed = (reasons: Record<string, string> = {}) => Object.keys(reasons).sort();

test("what an up does to a stack is known for each release", () => {
  expect(Object.keys(changes).sort()).toEqual(recordedDays);
});

describe.each(recordedDays)("an up of a stack of %s", (day) => {
  const expected = changes[day]!;
  let steps: Planned[];
  beforeAll(async () => ({ steps } = await upOf(day)));

  test("deletes nothing: each resource is there, with its type, its name and its parents", () => {
    expect(names(steps, "delete")).toEqual([]);
  });

  test("replaces nothing but commands, which only run again", () => {
    expect(names(steps, "replace", (one) => !isCommand(one))).toEqual([]);
    expect(names(steps, "replace")).toEqual(listed(expected.replace));
  });

  test("makes and takes over only services, and what is listed with its reason", () => {
    expect(names(steps, "create", ({ name }) => !services.includes(name))).toEqual(listed(expected.create));
    expect(names(steps, "import")).toEqual(listed(expected.import));
  });

  test("changes only the servers, firewalls and records that are listed with their reason", () => {
    expect(names(steps, "update", (one) => !isCommand(one))).toEqual(listed(expected.update));
  });

  test("changes only the services that are listed with their reason", () => {
    const changed = names(steps, "update", isCommand);
    const allowed = expected.services ? listed(expected.services) : changed;
    expect(allowed).toEqual(expect.arrayContaining(changed));
  });

  test("publishes the same where the stack has set what was the default then", async () => {
    const { defaults, config } = readRelease(day);
    const written = Object.fromEntries(Object.entries(defaults).filter(([key]) => !(key in config)));
    const { steps: then } = await upOf(day, written);
    expect(then).toEqual(steps);
  });

  test("publishes no stricter policy than the one that the stack has set", async () => {
    const { registrations } = await upOf(day, { "mailstack:dmarcPolicy": "none" });
    const dmarc = registrations.find(({ name }) => name === "mail-dns-dmarc");
    expect(open(dmarc?.inputs.content)).toMatch(/^"v=DMARC1; p=none;/);
  });

  test("a default that changed for who never set it is on a page", () => {
    const { config: now } = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) as {
      config: Record<string, { default?: unknown }>;
    };
    const { defaults: then } = readRelease(day);
    const changed = Object.keys(then).filter((key) => JSON.stringify(now[key]?.default) !== JSON.stringify(then[key]));
    const pages = expected.defaults ?? {};
    expect(changed.sort()).toEqual(Object.keys(pages).sort());
    for (const { page, says } of Object.values(pages))
      expect(readFileSync(join(root, page), "utf8").replace(/\s+/g, " ")).toContain(says);
  });
});

describe("a plan", () => {
  const day = recordedDays[0]!;

  test("shows that another region replaces the host", async () => {
    const { steps } = await upOf(day, { "mailstack:region": "us-east" });
    expect(names(steps, "replace", (one) => !isCommand(one))).toEqual(["mail"]);
  });

  test("shows what another setting takes away, and what it changes in place", async () => {
    const { steps } = await upOf(day, { "mailstack:webmail": false, "mailstack:plan": "g6-standard-2" });
    expect(names(steps, "delete")).toEqual([
      "mail-address-webmail-a",
      "mail-address-webmail-aaaa",
      "mail-address-webmail-caa",
    ]);
    expect(steps.find(({ type }) => type === "linode:index/instance:Instance")).toMatchObject({ step: "update" });
  });

  test("shows a resource of another parent as one that is deleted and one that is made", async () => {
    const release = readRelease(day);
    const { registrations } = await upOf(day);
    const mx = registrations.find(({ name }) => name === "mail-dns-mx")!;
    const moved = { ...mx, parent: registrations.find(({ type }) => type === "mailstack:cloud:Server")!.urn };
    const steps = plan(
      release,
      registrations.map((each) => (each === mx ? moved : each)),
    );
    expect(steps.filter(({ name }) => name === "mail-dns-mx").map(({ step }) => step)).toEqual(["create", "delete"]);
  });
});
