/** What the stand-ins take as inputs, and what reading a resource back means for them. No network. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dnsRecordResource } from "../../local-cloud/engine/cloudflare/dns-record";
import { inputsToday, refusals, settledInputs } from "../../local-cloud/engine/api-resource";
import { firewallResource } from "../../local-cloud/engine/linode/firewall";
import { instanceResource } from "../../local-cloud/engine/linode/instance";
import { pairedId } from "../../local-cloud/engine/linode/paired-id";
import { duration, timestamp } from "../../local-cloud/engine/linode/time";

const instance = instanceResource({ skipReady: false, skipDelete: false });
const unknown = Symbol("known later");
const isUnknown = (value: unknown): boolean => value === unknown;
const properties = (resource: typeof instance, inputs: Record<string, unknown>): string[] =>
  refusals(resource, inputs, isUnknown).map((refusal) => refusal.property);

describe("inputs of the stand-ins", () => {
  it("an input that a stand-in does not have is refused by name, at every depth", () => {
    assert.deepEqual(properties(instance, { region: "eu-central", stackscriptId: 3 }), ["stackscriptId"]);
    assert.deepEqual(properties(instance, { region: "eu-central", metadatas: [{ userdata: "x" }] }), [
      "metadatas.0.userdata",
    ]);
    const [refusal] = refusals(instance, { region: "eu-central", disks: [] }, isUnknown);
    assert.match(refusal!.reason, /not known to this stand-in/);
  });

  it("a missing, a wrong and a too short input are refused", () => {
    assert.deepEqual(properties(instance, {}), ["region"]);
    assert.deepEqual(properties(instance, { region: 3, label: "ab" }), ["region", "label"]);
  });

  it("values that are known later are not judged", () => {
    assert.deepEqual(properties(instance, { region: unknown, metadatas: [{ userData: unknown }], tags: unknown }), []);
    const rule = { label: unknown, action: "ACCEPT", protocol: "TCP", ipv4s: [unknown] };
    const inputs = {
      label: "mail",
      inboundPolicy: "DROP",
      outboundPolicy: "ACCEPT",
      inbounds: [rule],
      linodes: [unknown],
    };
    assert.deepEqual(refusals(firewallResource, inputs, isUnknown), []);
  });

  it("what the API chose stays when the program is silent", () => {
    const settled = settledInputs(instance, { label: "linode7", region: "a", group: "g" }, { region: "b" });
    assert.deepEqual(settled, { label: "linode7", region: "b" });
  });
});

describe("inputs read back", () => {
  it("the order of a set, and empty parts, change nothing", () => {
    const old = { tags: ["b", "a"], label: "one" };
    assert.deepEqual(inputsToday(instance, old, { tags: ["a", "b"], label: "one", group: "" }), old);
    const rule = { label: "ssh", action: "ACCEPT" as const, protocol: "TCP" as const };
    const present = { inbounds: [{ ...rule, description: "" }], outbounds: [] };
    assert.deepEqual(inputsToday(firewallResource, { inbounds: [rule] }, present), { inbounds: [rule] });
  });

  it("another value replaces the old one, also one that went away", () => {
    assert.deepEqual(inputsToday(instance, { label: "one" }, { label: "two" }), { label: "two" });
    assert.deepEqual(inputsToday(dnsRecordResource, { comment: "old" }, { comment: undefined }), {});
    assert.deepEqual(inputsToday(firewallResource, { inbounds: [1] }, { inbounds: [] }), { inbounds: [] });
  });

  it("an import takes what differs from the defaults", () => {
    const present = { type: "g6-standard-1", region: "eu-central", watchdogEnabled: false, group: "", tags: [] };
    assert.deepEqual(inputsToday(instance, {}, present), { region: "eu-central", watchdogEnabled: false });
  });
});

describe("small forms", () => {
  it("durations as Go writes them", () => {
    assert.equal(duration("1h30m"), 5_400_000);
    assert.equal(duration("1.5s"), 1500);
    assert.throws(() => duration("15"), /not a duration/);
  });
  it("times get their zone", () => {
    assert.equal(timestamp("2026-01-02T03:04:05"), "2026-01-02T03:04:05Z");
    assert.equal(timestamp("2026-01-02T03:04:05+02:00"), "2026-01-02T03:04:05+02:00");
  });
  it("import ids of things in things", () => {
    assert.deepEqual(pairedId("3,4", undefined), [3, 4]);
    assert.deepEqual(pairedId("4", 3), [3, 4]);
    assert.throws(() => pairedId("4", undefined), /PARENT,ID/);
  });
});
