import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { before, describe, test } from "node:test";
import { inCloud } from "../../local-cloud/cloud/lifecycle";
import { everySystem, serverFor, testCloud, type Server } from "./support/servers";
import { until } from "./support/until";

const users = ["ceo", "info", "support", "tech"];
const each = 20;

/**
 * Waits for mail with many connections, as phones do: says "waiting", then how many were told of a new message, then how
 * many still answer a command. Standard input: host, port, trusted roots, and a login for each user; then a line.
 */
const wait = `
import imaplib, json, ssl, sys
job = json.loads(sys.stdin.readline())
context = ssl.create_default_context(cafile=job["trusted"])
clients = []
for user, password in job["logins"]:
    for _ in range(job["each"]):
        client = imaplib.IMAP4_SSL(job["host"], 993, ssl_context=context, timeout=120)
        client.login(user, password)
        client.select("INBOX")
        tag = client._new_tag().decode()
        client.send(f"{tag} IDLE\\r\\n".encode())
        assert client.readline().startswith(b"+ ")
        clients.append((client, tag))
print("waiting", flush=True)
told = 0
for client, _ in clients:
    while True:
        line = client.readline()
        if b" EXISTS" in line: told += 1
        if b" EXISTS" in line or not line: break
print(told, flush=True)
answered = 0
for client, tag in clients:
    client.send(b"DONE\\r\\n")
    while True:
        line = client.readline()
        if line.startswith(tag.encode()) or not line: break
    client.send(b"z NOOP\\r\\n")
    while True:
        line = client.readline()
        if line.startswith(b"z OK"): answered += 1
        if line.startswith(b"z ") or not line: break
print(answered, flush=True)
`;

for (const os of everySystem) {
  describe(`many who wait for mail on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });

    test("cost hardly more than one, are told of new mail, and go on where they were", async (t) => {
      const processes = async () =>
        (await server.system.must(["ps", "-e", "-o", "comm="])).split("\n").filter((name) => name === "imap").length;
      const memory = async () => {
        const script =
          "for p in $(pgrep imap); do grep -h ^Pss: /proc/$p/smaps_rollup; done | awk '{s+=$2} END{print s}'";
        return Number(await server.system.must(["sh", "-c", script])) / 1024;
      };
      const logins = await Promise.all(users.map((user) => server.login(user)));
      const [program, ...words] = inCloud(testCloud, ["python3", "-c", wait]);
      const phones = spawn(program!, words, { stdio: ["pipe", "pipe", "inherit"] });
      try {
        const lines = createInterface(phones.stdout)[Symbol.asyncIterator]();
        const said = async () => String((await lines.next()).value);
        const job = { host: server.hostname, trusted: server.trustFile, each };
        phones.stdin.write(`${JSON.stringify({ ...job, logins: logins.map((one) => [one.user, one.password]) })}\n`);
        assert.equal(await said(), "waiting");
        const awake = { processes: await processes(), memory: await memory() };
        assert.ok(awake.processes >= users.length * each, `${awake.processes}`);
        await until("one process waits for all of them", async () => (await processes()) < users.length);
        const asleep = await memory();
        t.diagnostic(
          `${users.length * each} waiting: ${awake.memory.toFixed(0)} MB, later ${asleep.toFixed(0)} MB PSS`,
        );
        const to = users.map((user) => server.address(user));
        const letter = { from: "friend@peer.example", to, subject: server.unique("idle"), server: server.hostname };
        assert.equal((await server.peer.send(letter)).code, 250);
        assert.equal(await said(), String(users.length * each));
        assert.equal(await said(), String(users.length * each));
      } finally {
        phones.kill();
      }
    });
  });
}
