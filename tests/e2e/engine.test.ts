import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Document } from "yaml";
import { oneSystem, serverFor, type Server } from "./support/servers";

for (const os of oneSystem(
  "what an up, a refresh and a preview do is decided by the program; each system gets its files the same way",
)) {
  describe(`the engine on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });
    // Whatever a test left half done, the next file finds the declared stack.
    after(async () => {
      await server.restoreConfig();
      await server.up();
    });

    const set = (key: string, value: unknown) => (config: Document) =>
      config.setIn(["config", `mailstack:${key}`], value);

    test("a second up changes nothing", async () => {
      const { summary } = await server.up();
      assert.deepEqual(Object.keys(summary), ["same"], JSON.stringify(summary));
    });

    test("a refresh changes nothing", async () => {
      const refreshed = await server.stack.pulumi(["refresh", "--yes", "--expect-no-changes"], { reject: false });
      assert.equal(refreshed.exitCode, 0, refreshed.stdout + refreshed.stderr);
    });

    test("one Postfix setting: preview shows that line, up updates one resource", async () => {
      server.stack.configure(set("daneOutbound", false));
      const preview = await server.stack.pulumi(["preview", "--diff"]);
      assert.match(preview.stdout, /\/etc\/postfix\/main\.cf/);
      assert.match(preview.stdout, /- *smtp_tls_security_level = dane/);
      assert.match(preview.stdout, /\+ *smtp_tls_security_level = may/);
      const { summary } = await server.up();
      assert.equal(summary.update, 1, JSON.stringify(summary));
      assert.equal((await server.system.must(["postconf", "-h", "smtp_tls_security_level"])).trim(), "may");
      await server.restoreConfig();
      await server.up();
    });

    test("a user added: one resource, no restart, mail delivered at once; removed: login and delivery stop, mail stays", async () => {
      const started = () =>
        server.system.must([
          "systemctl",
          "show",
          "-p",
          "ActiveEnterTimestampMonotonic,MainPID",
          "dovecot",
          server.postfixUnit,
        ]);
      const before = await started();
      const address = server.address("newcomer");
      server.stack.configure((config) => config.addIn(["config", "mailstack:users"], { address }));
      const { summary } = await server.up();
      assert.equal(summary.update, 1, JSON.stringify(summary));
      assert.equal((summary.create ?? 0) + (summary.delete ?? 0) + (summary.replace ?? 0), 0);
      assert.equal(await started(), before, "Postfix or Dovecot was restarted");
      const subject = `newcomer ${os} ${Date.now()}`;
      const sent = await server.peer.send({
        from: "friend@peer.example",
        to: address,
        subject,
        server: server.hostname,
      });
      assert.equal(sent.code, 250, sent.transcript);
      assert.match(await server.imapFind("newcomer", subject), /\d/);
      const login = await server.login("newcomer");

      await server.restoreConfig();
      await server.up();
      const refused = await server.peer.send({ from: "friend@peer.example", to: address, server: server.hostname });
      assert.equal(refused.code, 550, refused.transcript);
      const out = await server.peer.send({
        from: address,
        to: "friend@peer.example",
        server: server.hostname,
        port: 587,
        tls: "required",
        ...login,
      });
      assert.equal(out.code, 535, out.transcript);
      assert.match(
        await server.system.must(["grep", "-rl", subject, `/var/vmail/${server.domain}/newcomer`]),
        /Maildir/,
      );
    });

    test("a password that the user changed survives an up; a raised passwordVersion sets a new one", async () => {
      const own = "correct horse battery staple 7";
      await server.system.must(["mailstack", "user", "set-password", server.address("support")], { input: `${own}\n` });
      server.stack.configure((config) =>
        config.addIn(["config", "mailstack:aliases"], {
          address: server.address("help"),
          destinations: [server.address("support")],
        }),
      );
      await server.up();
      const send = (password: string) =>
        server.peer.send({
          from: server.address("support"),
          to: "friend@peer.example",
          server: server.hostname,
          port: 587,
          tls: "required",
          user: server.address("support"),
          password,
        });
      assert.equal((await send(own)).code, 250);

      const index = server.userIndex("support");
      // Above that of every earlier run: the host remembers it.
      const version = Math.floor(Date.now() / 1000);
      server.stack.configure((config) =>
        config.setIn(["config", "mailstack:users", index, "passwordVersion"], version),
      );
      await server.up();
      assert.equal((await send(own)).code, 535);
      assert.equal((await send((await server.login("support")).password)).code, 250);
    });
  });
}
