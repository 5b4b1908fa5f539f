import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { stateFolder } from "../../local-cloud/places";
import { failingUp } from "./support/applier";
import { argumentsDuring } from "./support/arguments-during";
import { Scanner } from "./support/scan";
import { deployerSecrets, hostSecrets, type Secrets } from "./support/secrets";
import { everySystem, serverFor, testCloud, type Server } from "./support/servers";

/** Not a secret of anybody: it shows that a scan finds what is there. */
const planted = "xq7Planted2Secret9Wm4Tz";
const forPlanted = new Scanner(new Map([["planted", [planted]]]));

for (const os of everySystem) {
  describe(`secrets on ${os}`, () => {
    let server: Server;
    let deployers: Secrets;
    let hosts: Secrets;
    let scanner: Scanner;
    /** What the CLI printed and how processes were called while the stack was changed. */
    let printed = "";
    let called = "";

    const shell = (script: string) => server.system.must(["sh", "-ec", script]);

    /** Options that make these resources anew, so that what they send is sent. */
    async function anew(...names: string[]): Promise<string[]> {
      const { stdout } = await server.stack.pulumi(["stack", "export"]);
      const state = JSON.parse(stdout) as { deployment: { resources: { urn: string }[] } };
      return names.flatMap((name) => {
        const found = state.deployment.resources.find((one) => one.urn.endsWith(`:Command::${name}`));
        assert.ok(found, `the state has no ${name}`);
        return ["--replace", found.urn];
      });
    }

    /** An `up` that fails while it sends secrets: its error quotes the command. */
    async function failing(): Promise<string> {
      const options = await anew("mail-secrets");
      await shell("mv /usr/local/sbin/mailstack /usr/local/sbin/mailstack.away");
      try {
        return await failingUp(server, {}, options);
      } finally {
        await shell("mv /usr/local/sbin/mailstack.away /usr/local/sbin/mailstack");
      }
    }

    before(async () => {
      server = await serverFor(os);
      server.stack.configure((config) => {
        config.setIn(["config", "mailstack:messageSizeLimitMb"], 47);
        config.addIn(["config", "mailstack:users"], { address: server.address("secretary") });
      });
      const preview = await server.stack.pulumi(["preview", "--diff"]);
      printed += preview.stdout + preview.stderr + (await failing());
      const options = await anew("mail-host-bootstrap", "mail-secrets", "mail-accounts", "mail-postfix");
      called = await argumentsDuring(async () => {
        await shell(`sh -c 'sleep 0.03; :' sh ${planted}`);
        const up = await server.stack.pulumi(["up", "--yes", "--diff", ...options]);
        printed += up.stdout + up.stderr;
      });
      deployers = await deployerSecrets(server);
      hosts = await hostSecrets(server);
      scanner = new Scanner(new Map([...deployers, ...hosts]));
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
    });

    test("the scans know every kind of secret", () => {
      const names = [...deployers.keys(), ...hosts.keys()];
      const kinds = [
        ...[/^passphrase/, /^mailstack:linodeToken$/, /^mailstack:cloudflareApiToken$/, /^mail-host-key result$/],
        ...[/^mail-deploy-key result$/, /^mail-rspamd-controller result$/, /^mail-postfix connection$/],
        ...[
          /^mail metadatas$/,
          /^\/etc\/ssh\/ssh_host_ed25519_key$/,
          /^\/var\/lib\/mailstack\/dkim\//,
          /^\/etc\/letsencrypt\//,
        ],
        ...[/^\/etc\/mailstack\/secrets\/rspamd-controller$/, /^\/etc\/mailstack\/initial-passwords\/ceo@/],
        ...[/^\/etc\/mailstack\/initial-passwords\/secretary@/, /^passwords' hashes$/],
      ];
      for (const kind of kinds)
        assert.ok(
          names.some((name) => kind.test(name)),
          `${kind}: ${names.join(", ")}`,
        );
    });

    test("a planted secret is found: in text, base64 and hexadecimal, in files of the host, in arguments", async () => {
      const word = [{ secret: "planted", where: "here" }];
      for (const before of ["", "a", "ab"]) {
        const text = `${before}${planted}\n`;
        for (const encoding of ["utf8", "base64", "hex"] as const)
          assert.deepEqual(
            await forPlanted.text(`x ${Buffer.from(text).toString(encoding)} y`, "here"),
            word,
            encoding,
          );
      }
      assert.deepEqual(await forPlanted.text(planted.slice(1), "here"), []);

      const place = "/usr/local/share/planted";
      try {
        await shell(`umask 077; echo key=${planted}. > ${place}`);
        assert.deepEqual(await forPlanted.worldReadable(server, ["/usr/local"]), []);
        assert.deepEqual(await forPlanted.ofRoot(server, ["/usr/local"]), [{ secret: "planted", where: place }]);
        await shell(`chmod 0644 ${place}`);
        assert.deepEqual(await forPlanted.worldReadable(server, ["/usr/local"]), [{ secret: "planted", where: place }]);
      } finally {
        await shell(`rm ${place}`);
      }

      // A program of the host that ran for 30 milliseconds.
      assert.deepEqual(await forPlanted.text(called, "here"), word);
    });

    test("the state holds none in clear", async () => {
      const { stdout } = await server.stack.pulumi(["stack", "export"]);
      assert.match(stdout, /mail-postfix/);
      assert.deepEqual(await scanner.text(stdout, "stack export"), []);
      assert.deepEqual(await scanner.here([join(stateFolder(testCloud), "pulumi"), server.stack.configFile]), []);
    });

    test("the CLI prints none: preview and up with --diff, and an up that fails", async () => {
      assert.match(printed, /\+ *message_size_limit = 49283072/);
      assert.match(printed, /mail-secrets[^]*Process exited with status 127/);
      assert.deepEqual(await scanner.text(printed, "output"), []);
    });

    test("no process has one among its arguments, here or on the host", async () => {
      for (const seen of [/pulumi up /, /mailstack secrets/, /mailstack apply accounts/, /postfix(-script)? check/])
        assert.match(called, seen);
      assert.deepEqual(await scanner.text(called, "arguments"), []);
    });

    test("the host's journal and logs hold none", async () => {
      const journal = await shell("journalctl --sync; journalctl --quiet --output=export");
      assert.match(journal, /Accepted publickey/);
      assert.deepEqual(await scanner.text(journal, "journal"), []);
      assert.deepEqual(await scanner.ofRoot(server, ["/var/log"]), []);
    });

    test("no file of the host that everybody can read holds one", async () => {
      assert.deepEqual(await scanner.worldReadable(server, ["/"]), []);
    });

    test("what only the deployer may know is nowhere on the host; cloud-init keeps the host's own key alone", async () => {
      const own = /^passphrase|[tT]oken$| connection$|-key (result|bcryptHash)$/;
      const alone = new Scanner(new Map([...deployers].filter(([name]) => own.test(name))));
      const folders = [
        "/boot",
        "/etc",
        "/home",
        "/opt",
        "/root",
        "/run",
        "/srv",
        "/tmp",
        "/usr/local",
        ...["lib", "log", "mail", "spool", "tmp", "vmail"].map((one) => `/var/${one}`),
      ];
      assert.deepEqual(await alone.ofRoot(server, folders), []);
      const kept = await scanner.ofRoot(server, ["/var/lib/cloud"]);
      assert.ok(kept.length > 0, "cloud-init has forgotten the host's key");
      for (const { secret } of kept) assert.match(secret, /^mail metadatas$|ssh_host_ed25519_key$/);
    });
  });
}
