import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { AlertReceiver, type Received } from "./support/alert-receiver";
import { argumentsDuring } from "./support/arguments-during";
import { untilWell } from "./support/linode";
import { filesWith } from "./support/maildir";
import { Scanner } from "./support/scan";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";
import { Watch } from "./support/watch";

const friend = "friend@peer.example";
const channels = { alertWebhookUrl: "/hook", alertSlackUrl: "/slack", alertNtfyUrl: "/ntfy", heartbeatUrl: "/beat" };
const sms = { account: `AC${"0a".repeat(16)}`, from: "+15005550006", to: "+254712345678" };

/** What a webhook is told. */
interface Alert {
  id: string;
  host: string;
  check: string;
  state: string;
  detail: string;
  since: string;
  changes: { check: string; state: string }[];
}

for (const os of oneSystem("alerts.test.ts shows that the watch runs on each; its channels are Python's own")) {
  describe(`channels of alerts on ${os}`, () => {
    let server: Server;
    let receiver: AlertReceiver;
    let watch: Watch;
    /** The part of each URL that must stay secret. */
    const secrets = new Map(Object.keys(channels).map((key) => [key, [randomBytes(20).toString("hex")]]));
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const alertsIn = (requests: Received[]) => requests.map(({ body }) => JSON.parse(body) as Alert);
    const taken = async (path: string) => (await receiver.received(path)).filter(({ status }) => status === 200);
    const hooked = async () => alertsIn(await taken("/hook"));
    /** Alerts about a check that the webhook took, in order. */
    const about = async (check: string) =>
      (await hooked()).flatMap(({ changes }) => changes.filter((one) => one.check === check)).map(({ state }) => state);
    const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;
    const inMailbox = async (localPart: string, subject: string) => {
      const files = await filesWith(server, localPart, subject);
      return files.length;
    };

    before(async () => {
      server = await serverFor(os);
      receiver = await AlertReceiver.start(server.peer);
      server.stack.configure((config) => {
        config.setIn(["config", "mailstack:alertMail"], [friend, server.address("admin")]);
        config.setIn(["config", "mailstack:alertSmsAccount"], sms.account);
        config.setIn(["config", "mailstack:alertSmsFrom"], sms.from);
        config.setIn(["config", "mailstack:alertSmsTo"], [sms.to]);
        config.setIn(["config", "mailstack:alertSmsHost"], server.peer.identity.hostname);
      });
      const token = randomBytes(16).toString("hex");
      await server.stack.setSecret("mailstack:alertSmsToken", token);
      for (const [key, path] of Object.entries(channels))
        await server.stack.setSecret(`mailstack:${key}`, receiver.url(`${path}/${secrets.get(key)![0]}`));
      secrets.set("alertSmsToken", [token]);
      await server.up();
      await untilWell(server);
      watch = await Watch.awake(server);
      await watch.calm();
    });
    after(async () => {
      await watch.sleep();
      await receiver.stop();
      server.restoreConfig();
      await server.up();
    });

    test("a test reaches every channel in its own form", async () => {
      const { stdout, exitCode, stderr } = await server.system.exec(["mailstack", "alert", "test"]);
      assert.equal(exitCode, 0, stdout + stderr);
      assert.deepEqual(
        stdout.trim().split("\n"),
        [
          `mail to ${friend}`,
          `mail to ${server.address("admin")}`,
          "webhook",
          "slack",
          "ntfy",
          `sms to ${sms.to}`,
          "heartbeat",
        ].map((name) => `ok   ${name}`),
      );
      const subject = `[${server.hostname}] test`;
      assert.deepEqual(
        (await hooked()).filter(({ check }) => check === "test").map(({ host, state }) => [host, state]),
        [[server.hostname, "ok"]],
      );
      const [slack] = (await taken("/slack")).slice(-1);
      assert.ok((JSON.parse(slack!.body) as { text: string }).text.startsWith(`*${subject}*\n`), slack!.body);
      const [push] = (await taken("/ntfy")).slice(-1);
      assert.deepEqual([push?.method, push?.headers.Title], ["POST", subject]);
      const [text] = (await taken(`/2010-04-01/Accounts/${sms.account}/Messages.json`)).slice(-1);
      const login = Buffer.from(text?.headers.Authorization?.replace("Basic ", "") ?? "", "base64").toString();
      assert.equal(login, `${sms.account}:${secrets.get("alertSmsToken")![0]}`);
      assert.deepEqual(Object.fromEntries(new URLSearchParams(text!.body)), {
        To: sms.to,
        From: sms.from,
        Body: `${server.hostname}: a test: nothing is wrong`,
      });
      await server.peer.received({ subject });
      await until("the administrator has it", async () => (await inMailbox("admin", `Subject: ${subject}`)) > 0);
    });

    test("Postfix stopped: within minutes one message by HTTPS, and one straight to the other mail server; one when it is over", async () => {
      const before = (await hooked()).length;
      const down = `[${server.hostname}] BAD: `;
      const local = await inMailbox("admin", down);
      // Between two looks of the watch: in the middle of one, half of what it brings about would be told later.
      await shell(`flock /run/mailstack/watch.lock systemctl stop ${server.postfixUnit}`);
      try {
        // By the timer alone.
        await until("the webhook is told", async () => (await about("smtp 25")).includes("critical"), 420);
        const mail = await server.peer.received({ subject: "smtp 25" });
        assert.equal(mail.verdicts?.spf, "pass", JSON.stringify(mail.verdicts));
        assert.notEqual(mail.verdicts?.dmarc, "fail");
        assert.match(mail.verdicts?.tls ?? "none", /^TLS/);
        assert.equal(mail.headers["auto-submitted"]?.[0], "auto-generated");
        await watch.runs(3);
        assert.equal((await hooked()).length, before + 1);
        assert.equal(await inMailbox("admin", down), local);
        assert.match(await status(), /^ok +alerts +\d+ told and not over$/m);
      } finally {
        await shell(`systemctl start ${server.postfixUnit}`);
      }
      await untilWell(server);
      await watch.calm();
      assert.deepEqual(await about("smtp 25"), ["critical", "ok"]);
      await server.peer.received({ subject: "ok again: " });
      // What waited for Postfix has come too.
      await until("the administrator has it", async () => (await inMailbox("admin", down)) > local);
    });

    test("a channel that refuses is asked again, and no other is told twice; status names it", async () => {
      await receiver.refuse("/slack");
      await shell("systemctl stop redis-server.service");
      try {
        await watch.runs(6);
        const tries = (await receiver.received("/slack")).filter((one) => one.status === 503);
        assert.ok(tries.length >= 3, `${tries.length} tries`);
        assert.deepEqual(await about("redis"), ["critical"]);
        assert.match(await status(), /^BAD +alerts +not delivered: slack: answered 503/m);
        assert.deepEqual(await about("alerts"), ["critical"]);
      } finally {
        await receiver.refuse();
        await shell("systemctl start redis-server.service");
      }
      await untilWell(server);
      await watch.calm();
      assert.deepEqual(await about("redis"), ["critical", "ok"]);
      const texts = (await taken("/slack")).map(({ body }) => body).filter((body) => body.includes("BAD: redis"));
      assert.equal(texts.length, 1, texts.join("\n"));
      const ids = (await hooked()).map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
    });

    test("the resolver is dead: its alert leaves all the same", async () => {
      await shell("systemctl stop unbound.service");
      try {
        await watch.runs(4);
        assert.deepEqual(await about("resolver"), ["critical"]);
        await server.peer.received({ subject: "resolver" });
      } finally {
        await shell("systemctl start unbound.service");
      }
      await untilWell(server);
      await watch.calm();
    });

    test("the heartbeat comes from whole runs only, each five minutes, and stops with the watch", async () => {
      const beats = async () => (await taken("/beat")).length;
      /** As if the last one had been an hour ago. */
      const due = () =>
        shell(`python3 - <<'END'
import json
path = "/var/lib/mailstack/alerts/watch.json"
state = json.load(open(path)); state["heartbeat"] -= 3600; json.dump(state, open(path, "w"))
END`);
      const before = await beats();
      await due();
      await watch.runs(2);
      assert.equal(await beats(), before + 1);
      await shell("systemctl stop mailstack-watch.timer");
      const settings = "/etc/mailstack-alerts/settings.json";
      await shell(`mv ${settings} ${settings}.away`);
      try {
        await due();
        const failed = await server.system.exec(["systemctl", "start", "mailstack-watch.service"]);
        assert.notEqual(failed.exitCode, 0);
        assert.equal(await beats(), before + 1);
        assert.match(await status(), /^BAD +units +.*mailstack-watch/m);
      } finally {
        await shell(`mv ${settings}.away ${settings}; systemctl reset-failed mailstack-watch.service
          systemctl start mailstack-watch.timer`);
      }
      await watch.runs(1);
      assert.equal(await beats(), before + 2);
      await watch.calm();
    });

    test("no URL is in arguments, in a file that others may read, in the journal, in what the watch keeps or in the state", async () => {
      const scanner = new Scanner(secrets);
      const called = await argumentsDuring(async () => {
        await shell("mailstack alert test");
        await watch.runs(2);
      });
      assert.match(called, /mailstack alert test/);
      assert.deepEqual(await scanner.text(called, "arguments"), []);
      assert.deepEqual(await scanner.worldReadable(server, ["/etc", "/run", "/tmp", "/usr/local", "/var"]), []);
      assert.deepEqual(await scanner.text(await shell("journalctl --no-pager"), "the journal"), []);
      assert.deepEqual(await scanner.ofRoot(server, ["/var/lib/mailstack", "/var/log", "/run/mailstack"]), []);
      assert.deepEqual(await scanner.here([server.stack.stateFile, server.stack.configFile]), []);
      // They are where they must be, for root alone.
      const found = await scanner.ofRoot(server, ["/etc/mailstack-alerts"]);
      assert.equal(found.length, secrets.size);
      assert.equal(
        (
          await shell("stat -c %a /etc/mailstack-alerts /etc/mailstack-alerts/*-url /etc/mailstack-alerts/sms-token")
        ).replace(/\s+/g, " "),
        "700 600 600 600 600 600 ",
      );
    });

    test("a URL that cannot be used changes nothing, and the error does not repeat it", async () => {
      const { stdout, stderr, exitCode } = await server.system.exec([
        "sh",
        "-ec",
        `cd /etc/mailstack-alerts; cp -p slack-url keep; printf 'http://x.example/%s' "$(cat keep | cut -d/ -f5)" >slack-url
          mailstack alert check || code=$?; mv keep slack-url; exit $code`,
      ]);
      assert.equal(exitCode, 1, stdout);
      assert.equal(stderr, "mailstack: error: mailstack:alertSlackUrl must be an https:// URL\n");
    });
  });
}
