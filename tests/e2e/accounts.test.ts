import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { allIn, allRefused, logInEverywhere } from "./support/password-client";
import { everySystem, serverFor, type Server } from "./support/servers";

const first = "correct horse battery staple 5";
const second = "jambo rafiki yangu 77";

for (const os of everySystem) {
  describe(`accounts on ${os}`, () => {
    let server: Server;
    const ann = () => server.address("ann");
    const mailstack = (words: string[], input = "") => server.system.exec(["mailstack", ...words], { input });
    const must = async (words: string[], input = "") => {
      const result = await mailstack(words, input);
      assert.equal(result.exitCode, 0, result.stderr);
      return result.stdout;
    };

    before(async () => {
      server = await serverFor(os);
      await mailstack(["user", "purge", ann(), "--yes"]);
      server.stack.configure((config) => config.addIn(["config", "mailstack:users"], { address: ann() }));
      await server.up();
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
      await mailstack(["user", "purge", ann(), "--yes"]);
    });

    test("a password that a person sets is the only one that works, by IMAP, POP3 and SMTP", async () => {
      const generated = await server.login("ann");
      assert.deepEqual(await logInEverywhere(server, generated), allIn);
      await must(["user", "set-password", ann()], `${first}\n`);
      assert.deepEqual(await logInEverywhere(server, { user: ann(), password: first }), allIn);
      assert.deepEqual(await logInEverywhere(server, generated), allRefused);
    });

    test("change-password wants the old one, and the policy likes the new one", async () => {
      const wrong = await mailstack(["user", "change-password", ann()], `${second}\n${second} 8\n`);
      assert.equal(wrong.exitCode, 4, wrong.stderr);
      const weak = await mailstack(["user", "change-password", ann()], `${first}\nPassword1234!\n`);
      assert.equal(weak.exitCode, 5);
      assert.match(weak.stderr, /easy to guess/);
      assert.deepEqual(await logInEverywhere(server, { user: ann(), password: first }), allIn);
      await must(["user", "change-password", ann()], `${first}\n${second}\n`);
      assert.deepEqual(await logInEverywhere(server, { user: ann(), password: second }), allIn);
      assert.deepEqual(await logInEverywhere(server, { user: ann(), password: first }), allRefused);
    });
  });
}
