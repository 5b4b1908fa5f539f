import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { systems, type SystemName } from "../../components/deployment/systems";
import { everySystem, serverFor, type Server } from "./support/servers";

/** Warnings in quiet operation that are not about anything we could change, each with its reason. */
const notOurs: [message: RegExp, why: string][] = [
  [/^master: Warning: SIGHUP received - reloading configuration$/, "Dovecot's word for each reload"],
  [/Warning: Killed with signal 15 \(by pid=\d+ uid=0 code=kill\)$/, "Dovecot's word for each stop"],
  [/^imklog: cannot open kernel log|^activation of module imklog failed/, "a container has no kernel log"],
  [
    /^rspamd\.service: (State 'stop-sigterm' timed out\. Killing|Main process exited, code=killed, status=9|Failed with result 'timeout')/,
    "Rspamd 3.12 waits for connections that are over; its unit ends it after three seconds",
  ],
  [/Failed to set fd limit to \d+/, "a container may not raise the limit"],
  [
    /Found left-over process \d+ \(.*\) in control group while starting unit|^This usually indicates unclean/,
    "SSH sessions outlive sshd's restart on purpose, and a container has no logind to move them",
  ],
];

/** What daemons say about a setting that they ignore, or will. */
const aboutConfiguration =
  /You should |deprecated|obsolete|unused parameter|overriding earlier entry|Unknown (lvalue|key name|section)|no longer supported|will be removed|world-(writ|read)able|marked executable/i;

for (const os of everySystem) {
  // Runs last: all that the other files made the host do is in its journal.
  describe(`the journal on ${os}`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script], { timeout: 300_000 });
    /** `UNIT: MESSAGE` of each warning and worse. */
    const warnings = async (...words: string[]) => {
      const text = await shell(
        `journalctl --sync; journalctl --quiet --priority=warning --output=json ${words.join(" ")}`,
      );
      return text
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { MESSAGE: string; SYSLOG_IDENTIFIER?: string })
        .map(({ MESSAGE, SYSLOG_IDENTIFIER }) => ({ message: String(MESSAGE), by: SYSLOG_IDENTIFIER ?? "kernel" }));
    };
    before(async () => {
      server = await serverFor(os);
    });

    test("no daemon has complained about its configuration since the host was made", async () => {
      const complaints = (await warnings()).filter(({ message }) => aboutConfiguration.test(message));
      assert.deepEqual([...new Set(complaints.map(({ by, message }) => `${by}: ${message}`))], []);
    });

    test("every daemon starts, works and reloads without a warning", async () => {
      const cursor = /-- cursor: (\S+)/.exec(await shell("journalctl --sync; journalctl -n 0 --show-cursor"))?.[1];
      assert.ok(cursor);
      const { phpFpmUnit } = systems[os as SystemName];
      const units = ["redis-server", "unbound", "rspamd", "dovecot", server.postfixUnit, phpFpmUnit, "nginx"];
      await shell(
        `systemctl restart ${units.join(" ")} fail2ban rsyslog; systemctl reload dovecot ${server.postfixUnit} nginx`,
      );
      const subject = server.unique("quiet");
      const { id } = await server.peer.sendThroughExim({
        from: "friend@peer.example",
        to: server.address("ceo"),
        subject,
      });
      await server.peer.delivered(id);
      await server.imapFind("ceo", subject);
      const said = (await warnings(`--after-cursor='${cursor}'`)).filter(
        ({ message }) => !notOurs.some(([pattern]) => pattern.test(message)),
      );
      assert.deepEqual([...new Set(said.map(({ by, message }) => `${by}: ${message}`))], []);
    });
  });
}
