// The name makes this file the last of its folder: the others need the server that it takes away.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertDelivers, assertWhole } from "./support/applier";
import { footprint, tracesOf, type Traces } from "./support/footprint";
import { oneSystem, Server, serverFor } from "./support/servers";

const [os] = oneSystem("what is left is looked for at the providers and on this machine");

describe(`destroy, then up, on ${os}`, () => {
  let server: Server;
  let traces: Traces;
  before(async () => {
    server = await serverFor(os);
    traces = await tracesOf(server);
  });
  // Whatever failed: the next layer finds a server.
  after(async () => {
    await Server.open(os);
  });

  test("destroy leaves nothing at the providers, in the DNS and on this machine", async () => {
    const before = await footprint(server, traces);
    for (const [kind, found] of Object.entries(before)) assert.notEqual(found.length, 0, `a server has no ${kind}`);
    assert.ok(before.records!.length > 10, before.records!.join(", "));

    const destroyed = await server.stack.pulumi(["destroy", "--yes", "--skip-preview"], { reject: false });
    assert.equal(destroyed.exitCode, 0, destroyed.stdout + destroyed.stderr);
    const left = Object.entries(await footprint(server, traces)).filter(([, found]) => found.length > 0);
    assert.deepEqual(left, []);
    const { stdout } = await server.stack.pulumi(["stack", "export"]);
    const { deployment } = JSON.parse(stdout) as { deployment: { resources?: { urn: string }[] } };
    assert.deepEqual(deployment.resources ?? [], []);
  });

  test("up makes a server that takes and sends mail; the next up changes nothing", async () => {
    server = await Server.open(os);
    await assertWhole(server);
    await assertDelivers(server);
    const subject = `sent after destroy ${Date.now()}`;
    const [from, to] = [server.address("ceo"), "friend@peer.example"];
    const how = { server: server.hostname, port: 587, tls: "required" as const, ...(await server.login("ceo")) };
    const sent = await server.peer.send({ from, to, subject, ...how });
    assert.equal(sent.code, 250, sent.transcript);
    await server.peer.received({ to, subject });
    const { summary } = await server.up();
    assert.deepEqual(Object.keys(summary), ["same"], JSON.stringify(summary));
  });
});
