import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { knock } from "./support/guesser";
import { manageSieve } from "./support/managesieve";
import { readScan, scanCommand } from "./support/port-scan";
import { everySystem, serverFor, type Server, type UpResult } from "./support/servers";

const user = "tech";
/** Answers to a login before TLS, and what is offered then. */
const withoutTls = `
import base64, json, socket, sys
job = json.load(sys.stdin)
session = socket.create_connection((job["host"], 4190), 30)
lines = session.makefile("rb")
def answer():
    said = []
    while not said or said[-1].split(" ")[0] not in ("OK", "NO", "BYE"): said.append(lines.readline().decode().strip())
    return said
print("\\n".join(answer()))
login = base64.b64encode(("\\0" + job["user"] + "\\0" + job["password"]).encode()).decode()
session.sendall(f'AUTHENTICATE "PLAIN" "{login}"\\r\\n'.encode())
print("\\n".join(answer()))
`;

for (const os of everySystem) {
  describe(`ManageSieve opened to the outside on ${os}`, () => {
    let server: Server;
    let opened: UpResult["summary"];
    let both: string[];
    const srv = async () => (await server.inCloud(["dig", "+short", "SRV", `_sieve._tcp.${server.domain}`])).stdout;
    before(async () => {
      server = await serverFor(os);
      both = [server.ipv4, await server.ipv6()];
      server.stack.configure((config) => config.setIn(["config", "mailstack:manageSieve"], true));
      opened = (await server.up()).summary;
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
      await manageSieve(server, user, [['DELETESCRIPT "outside"']]);
    });

    test("an up: the listener, both firewalls with the proof that they let Pulumi in, and the record", async () => {
      assert.deepEqual([opened.update, opened.create, opened.delete, opened.replace], [5, 1, undefined, undefined]);
      const { summary } = await server.up();
      assert.deepEqual(Object.keys(summary), ["same"], JSON.stringify(summary));
      assert.equal((await srv()).trim(), `0 1 4190 ${server.hostname}.`);
      const status = await server.system.must(["mailstack", "status"]);
      assert.match(status, /ok {3}managesieve/);
    });

    test("one port more is open from outside, over IPv4 and IPv6", async () => {
      const wanted = [22, 25, 80, 443, 465, 587, 993, 995, 4190];
      for (const host of both) {
        const answers = readScan(await server.peer.system.must(scanCommand(host)));
        const found = [...answers.keys()].sort((a, b) => a - b);
        assert.deepEqual(found, wanted);
        assert.equal(answers.get(4190), "open");
      }
    });

    test("a user puts a filter there from outside, inside TLS with the host's certificate", async () => {
      for (const host of both) {
        const script = 'require ["fileinto"];\nkeep;\n';
        const commands = [["PUTSCRIPT", '"outside"', script], ["LISTSCRIPTS"]];
        const { login, answers } = await manageSieve(server, user, commands, undefined, host);
        assert.match(login, /^OK/);
        assert.match(answers[0]!, /^OK/);
        assert.match(answers[1]!, /^"outside"/m);
      }
    });

    test("a wrong password is refused; so is the right one without TLS", async () => {
      const login = await server.login(user);
      for (const host of both) {
        assert.match((await manageSieve(server, user, [], "wrong", host)).login, /^NO/);
        const input = JSON.stringify({ ...login, host });
        const said = await server.peer.system.must(["python3", "-c", withoutTls], { input });
        assert.match(said, /^"SASL" ""$/m);
        assert.match(said, /^NO .*TLS|^NO .*(secur|encrypt|plaintext|cleartext)/im, said);
      }
    });

    test("shut again: an up, and only the webmail reaches it", async () => {
      server.restoreConfig();
      const { summary } = await server.up();
      assert.deepEqual([summary.update, summary.delete, summary.create], [5, 1, undefined], JSON.stringify(summary));
      for (const host of both) assert.notEqual(await knock(server, 4190, host), "open");
      const listeners = await server.system.must(["ss", "-Hltn", "sport = :4190"]);
      assert.deepEqual(listeners.match(/\S+:4190/g), ["127.0.0.1:4190"]);
      assert.equal(await srv(), "");
      assert.match((await manageSieve(server, user, [])).login, /^OK/);
    });
  });
}
