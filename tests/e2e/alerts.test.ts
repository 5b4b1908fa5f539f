import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { linode, untilWell } from "./support/linode";
import { filesWith } from "./support/maildir";
import { forget } from "./support/rspamd";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";
import { ofMachine, Watch } from "./support/watch";

for (const os of oneSystem("the watch is our own program, and the checks that it runs have tests on each system")) {
  describe(`alerts of ${os}, with nothing configured`, () => {
    let server: Server;
    let watch: Watch;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const state = async <T>(key: string) =>
      (JSON.parse(await shell("cat /var/lib/mailstack/alerts/watch.json")) as Record<string, unknown>)[key] as T;
    /** Alerts in the administrator's mailbox: subject and identity of each. */
    const subjects = async () => {
      const files = await filesWith(server, "admin", `.alert@${server.hostname}>`);
      const heads = await Promise.all(files.map((file) => shell(`sed '/^\\r*$/q' '${file}'`)));
      const value = (head: string, name: string) => new RegExp(`^${name}: (.*?)\\r?$`, "m").exec(head)?.[1] ?? "none";
      return heads.map((head) => `${value(head, "Subject")} ${value(head, "Message-ID")}`).sort();
    };

    before(async () => {
      server = await serverFor(os);
      await untilWell(server);
      watch = await Watch.awake(server);
      await watch.calm();
    });
    after(async () => {
      await watch.sleep();
      await untilWell(server);
    });

    test("the timer looks each minute, and sees in its sandbox what status sees", async () => {
      assert.match(await shell("systemctl cat mailstack-watch.timer"), /^OnCalendar=minutely$/m);
      const before = await state<number>("ran");
      await until("the timer has run it", async () => (await state<number>("ran")) > before);
      await watch.runs(1);
      const seen = Object.keys(await state<object>("conditions")).filter((name) => !ofMachine.includes(name));
      assert.deepEqual(seen, []);
      assert.match(
        (await server.system.exec(["mailstack", "status"])).stdout,
        /^ok +alerts +(nothing to tell|\d told and not over)$/m,
      );
    });

    test("the administrator gets one mail about a daemon that stopped, and one when it runs again", async () => {
      const before = await subjects();
      await shell("systemctl stop redis-server.service");
      try {
        await watch.runs(6);
        const told = (await watch.told()).conditions.map(({ check }) => check);
        assert.ok(told.includes("redis") && told.includes("units"), told.join());
        await until("the mail is there", async () => (await subjects()).length > before.length);
      } finally {
        await shell("systemctl start redis-server.service");
      }
      await untilWell(server);
      await watch.calm();
      await until("so is the other", async () => (await subjects()).length > before.length + 1);
      await watch.runs(3);
      const mails = (await subjects()).filter((subject) => !before.includes(subject));
      assert.equal(mails.length, 2, mails.join("\n"));
      assert.match(mails[0]!, /BAD: .*redis/);
      assert.match(mails[1]!, /ok again: .*redis/);
    });

    test("a queue that grows is told, and that the kernel has killed a process for want of memory", async () => {
      const dead = "postmaster@[203.0.113.254]";
      const told = () => shell("mailstack alert list");
      // systemd's own record of it (SD_MESSAGE_UNIT_OUT_OF_MEMORY): no cgroup of a container's can be made to run out.
      const record = ["MESSAGE_ID=fe6faa94e7774663a0da52717891d8ef", "UNIT=alert-hungry.service", "MESSAGE=killed"];
      await shell(`printf '${record.join("\\n")}\\n' | logger --journald; journalctl --sync`);
      await shell(`for number in $(seq 105); do printf 'Subject: x\n\nhello\n' | sendmail '${dead}'; done`);
      try {
        await watch.runs(4);
        const text = await told();
        assert.match(text, /^warning +queue length +1\d\d messages wait/m);
        assert.match(text, /^warning +out of memory .*alert-hungry\.service/m);
      } finally {
        await shell(`postqueue -j | grep -F '${dead}' | sed -E 's/.*"queue_id": "([^"]+)".*/\\1/' | postsuper -d -`);
      }
      await watch.runs(3);
      assert.doesNotMatch(await told(), /queue length/);
    });

    test("an account that writes to very many is told, with what to do about it", async () => {
      const to = Array.from({ length: 200 }, (_, at) => server.address(`tech+${at}`));
      const door = { server: server.hostname, port: 465, tls: "wrapped" as const, ...(await server.login("info")) };
      const many = { from: server.address("info"), to, subject: server.unique("many") };
      try {
        const { code, transcript } = await server.peer.send({ ...many, ...door });
        assert.equal(code, 250, transcript);
        await watch.runs(4);
        const hold = `warning +busy sender +${server.address("info")} has written to (19\\d|200) recipients.*emergency hold`;
        assert.match(await shell("mailstack alert list"), new RegExp(`^${hold}`, "m"));
      } finally {
        await forget(server, "RL*");
      }
      await watch.runs(3);
      assert.doesNotMatch(await shell("mailstack alert list"), /busy sender/);
    });

    test("the watch keeps a history of what grows, as the daemons say it", async () => {
      await watch.runs(2);
      const entries = JSON.parse(await shell("mailstack growth --json")) as {
        metric: string;
        current: number | null;
      }[];
      const now = Object.fromEntries(entries.map(({ metric, current }) => [metric, current]));
      assert.deepEqual(Object.keys(now).sort(), ["disk", "imap", "memory", "queue", "spam", "users"]);
      const users = (await shell("mailstack user list")).trim().split("\n").length;
      assert.ok(now.users !== null && now.users! >= 1 && now.users! <= users, `${now.users} of ${users} users`);
      for (const name of ["disk", "memory"]) assert.ok(now[name]! > 0 && now[name]! < 100, `${name} ${now[name]}`);
      for (const name of ["imap", "queue"]) assert.ok(Number.isInteger(now[name]), `${name} ${now[name]}`);
      const counters = await state<Record<string, number>>("counters");
      assert.ok(counters.scanned! >= counters.spam! && counters.scanned! > 0, JSON.stringify(counters));
    });

    test("a file that somebody changed, and a name that leads elsewhere, are told by what is looked at once a day", async () => {
      const daily = ["changes by hand", "deliverability"];
      /** As if a day had passed since they were looked at. */
      const days = async (count: number) => {
        for (let day = 0; day < count; day++) {
          await shell(
            `flock /run/mailstack/watch.lock python3 - ${daily.map((name) => `'${name}'`).join(" ")} <<'END'\n${[
              "import json, sys",
              "path = '/var/lib/mailstack/alerts/watch.json'",
              "known = json.load(open(path))",
              "for name in sys.argv[1:]: known['looked'].pop(name, None)",
              "json.dump(known, open(path, 'w'))",
            ].join("\n")}\nEND`,
          );
          await watch.runs(1);
        }
      };
      const file = "/etc/postfix/not_ascii";
      const reverse = async (rdns: string | null) => {
        await linode(server, "PUT", `networking/ips/${server.ipv4}`, JSON.stringify({ rdns }));
        await shell("unbound-control flush_zone arpa");
      };
      const change = `cp -p ${file} /root/kept; echo '# by hand' >> ${file}`;
      const undo = `[ ! -e /root/kept ] || { cat /root/kept > ${file}; rm /root/kept; }`;
      try {
        await days(2);
        assert.deepEqual((await watch.told()).conditions, []);
        await shell(change);
        await reverse(null);
        await days(3);
        const text = await shell("mailstack alert list");
        assert.match(text, new RegExp(`^warning +changes by hand .*${file} content was changed.*pulumi up`, "m"));
        assert.match(text, new RegExp(`^warning +deliverability .*reverse name of ${server.ipv4}`, "m"));
        await shell(undo);
        await reverse(server.hostname);
        await days(2);
        assert.deepEqual((await watch.told()).conditions, []);
      } finally {
        await shell(undo);
        await reverse(server.hostname);
      }
    });

    test("in a pause nobody is told anything", async () => {
      const before = await subjects();
      const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;
      await shell("mailstack alert pause 2h");
      assert.match(await status(), /^ok +alerts +paused until /m);
      await shell("systemctl stop redis-server.service");
      try {
        await watch.runs(6);
        assert.deepEqual((await watch.told()).conditions, []);
      } finally {
        await shell("systemctl start redis-server.service");
      }
      await untilWell(server);
      await shell("mailstack alert resume");
      await watch.runs(3);
      assert.deepEqual(await subjects(), before);
    });
  });
}
