import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Bundle } from "../../components/deployment/bundle";
import { apply, applyWell, assertWhole, bundleOf, changed, failingUp } from "./support/applier";
import { oneSystem, serverFor, type Server } from "./support/servers";

const state = "/var/lib/mailstack-webmail";
const temp = `${state}/temp`;
const configuration = "/etc/roundcube/config.inc.php";
const redisConfiguration = "/etc/redis/redis.conf";
/** Whoever owns it is root after the next boot. */
const goal = "/etc/systemd/system";

const fastcgi = readFileSync(join(__dirname, "support/fastcgi.py"), "utf8");

/** The status of a path at the gateway between nginx and PHP. */
const askByHttp = `import http.client, socket, sys
connection = http.client.HTTPConnection("gateway")
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect("/run/mailstack-webmail/http.sock")
connection.request("GET", sys.argv[2], headers={"Host": sys.argv[1]})
print(connection.getresponse().status)`;

/** Makes something, and puts it and what root expects in each other's place until it is ended, as fast as it can. */
const race = (path: string, other: string, make: string) => `import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
${make}
while True:
    libc.renameat2(-100, b"${path}", -100, b"${other}", 2)
`;

for (const os of oneSystem(
  "the folders are walked by our own program, and what it relies on are calls of the kernel",
)) {
  describe(`root on ${os} does not follow what a taken-over daemon puts in its way`, () => {
    let server: Server;
    let webmail: Bundle;
    let redis: Bundle;
    let untouched: string;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const as = (user: string, script: string) => server.system.must(["runuser", "-u", user, "--", "sh", "-ec", script]);
    const ownership = () =>
      shell(`stat -c '%n %U:%G %a %F' ${goal} ${goal}/* /etc/shadow /etc/hostname; sha256sum /etc/shadow`);
    const toldBad = async (subject: string, problem: string) => {
      const verified = await server.system.exec(["mailstack", "verify"]);
      assert.equal(verified.exitCode, 3, verified.stdout);
      assert.match(verified.stdout, new RegExp(`: ${subject} ${problem}`));
      const status = await server.system.exec(["mailstack", "status"]);
      assert.match(status.stdout, new RegExp(`^BAD +files .*${subject} ${problem}`, "m"));
      assert.equal(status.exitCode, 1);
    };
    const putAttack = async () => {
      const attack = "/tmp/root-safety-fastcgi.py";
      await server.system.must(["sh", "-c", `cat > ${attack}; chmod 0644 ${attack}`], { input: fastcgi });
      return attack;
    };
    let count = 0;
    const next = () => changed(webmail, configuration, (text) => `${text}// ${(count += 1)}\n`);
    const refusal = (path: string, kind: string) =>
      new RegExp(`error: .*${path} is ${kind}.*: root does not touch it; look who made it, remove it, and try again`);
    const refused = async (path: string, kind: string) => {
      for (const bundle of [webmail, next()]) {
        const applied = await apply(server, bundle);
        assert.equal(applied.exitCode, 1, applied.stderr);
        assert.match(applied.stderr.replaceAll(/\n +/g, ""), refusal(path, kind));
      }
      assert.equal(await ownership(), untouched);
    };

    /** Also after a run that was cut off. */
    const restore = async () => {
      await shell(`rm -rf ${state}/link ${state}/away; [ -d ${temp} -a ! -L ${temp} ] || rm -f ${temp}`);
      await applyWell(server, redis);
      await applyWell(server, webmail);
    };

    before(async () => {
      server = await serverFor(os);
      webmail = await bundleOf(server, "roundcube");
      redis = await bundleOf(server, "redis");
      await restore();
      untouched = await ownership();
    });
    after(async () => {
      await restore();
      server.restoreConfig();
      await server.up();
      await assertWhole(server);
    });

    test("as the user of other sites: no PHP of one's own in the webmail's pool, nor a socket in its place", async () => {
      const pools = await shell("ss -xlpH | grep php-fpm | tr -s ' ' | cut -d ' ' -f 5 | sort -u");
      assert.match(pools, /webmail/);
      const attack = await putAttack();
      const tried: Record<string, string> = {};
      for (const socket of pools.trim().split("\n")) {
        const { stdout, stderr } = await server.system.exec([
          ...["runuser", "-u", "www-data", "--", "python3", attack, socket],
        ]);
        tried[socket] = stdout + stderr;
        assert.doesNotMatch(stdout, /code as (?!www-data)/, `${socket}: ${stdout}`);
        if (!socket.includes("webmail")) continue;
        assert.match(stderr, /^refused: .*Permission denied/);
        await assert.rejects(as("www-data", `mv ${socket} ${socket}.away`), /Permission denied/);
      }
      // Its own pool runs what it likes: the attack works where it may.
      assert.match(Object.values(tried).join("\n"), /code as www-data/);
      await shell(`rm ${attack}`);
      const get = (path: string) => `python3 -c '${askByHttp}' webmail.${server.domain} ${path}`;
      assert.equal(await as("www-data", get("/index.php")), "200\n");
      for (const path of ["/", "/index.php/x", "/../../etc/roundcube/config.inc.php", "/config/config.inc.php"])
        assert.match(await as("www-data", get(path)), /^40[04]\n$/, path);
      await assert.rejects(as("nobody", get("/index.php")), /Permission denied/);
    });

    test("from another site to root: no way to the webmail's user, and none from there; up says so, verify and status too", async () => {
      // The first step as it was done: the webmail's PHP is told to put a link in the place of a declared directory.
      const attack = await putAttack();
      const php = `rename('${temp}', '${state}/away'); symlink('${goal}', '${temp}');`;
      const pools = "ss -xlpH | grep php-fpm | tr -s ' ' | cut -d ' ' -f 5 | grep webmail | sort -u";
      const words = `for pool in $(${pools}); do runuser -u www-data -- python3 ${attack} $pool "${php}" 2>&1 || true; done`;
      assert.match(await shell(words), /^(refused: .*Permission denied\n)+$/);
      assert.equal(await shell(`stat -c %F ${temp}`), "directory\n");
      await shell(`rm ${attack}`);
      // The second, by somebody who is the webmail's user all the same.
      await as("roundcube", `mv ${temp} ${state}/away; ln -s ${goal} ${temp}`);
      await toldBad(temp, "was replaced by a link");
      // The third: an ordinary deployment.
      server.stack.configure((config) => config.setIn(["config", "mailstack:messageSizeLimitMb"], 27));
      const output = await failingUp(server);
      assert.match(output, new RegExp(`${temp} is a link \\(to ${goal}\\), not a directory: root does not touch it`));
      assert.equal(await ownership(), untouched);
      await refused(temp, "a link");
      await as("roundcube", `rm ${temp}; mv ${state}/away ${temp}`);
      server.restoreConfig();
      await server.up();
      await assertWhole(server);
    });

    test("a FIFO or a file in its place is refused as well, and holds nobody up", async () => {
      for (const [make, name] of [
        ["mkfifo", "a FIFO"],
        ["touch", "a file"],
      ]) {
        await as("roundcube", `rm -rf ${temp}; ${make} ${temp}`);
        await toldBad(temp, `was replaced by ${name}`);
        await refused(temp, "not a directory");
        await as("roundcube", `rm ${temp}`);
        await applyWell(server, webmail);
      }
    });

    const applied = async (bundle: Bundle) => (await apply(server, bundle)).exitCode;
    /** Root works again and again while a user of the host puts something in the way of it; how each turn ended. */
    const whileRacing = async (user: string, program: string, work: () => Promise<number>) => {
      const unit = ["--quiet", `--uid=${user}`, "--unit=test-race"];
      await server.system.must(["systemd-run", ...unit, "python3", "-c", program]);
      const ends: number[] = [];
      try {
        for (let turn = 0; turn < 8; turn += 1) ends.push(await work());
        assert.equal(await shell("systemctl is-active test-race"), "active\n");
      } finally {
        await shell("systemctl stop test-race; systemctl reset-failed test-race 2>/dev/null || true");
      }
      assert.equal(await ownership(), untouched);
      return ends;
    };

    test("directory and link that change places all the time: nothing behind the link changes", async () => {
      const link = `${state}/link`;
      const ends = await whileRacing("roundcube", race(temp, link, `os.symlink("${goal}", "${link}")`), () =>
        applied(next()),
      );
      for (const code of ends) assert.ok(code === 0 || code === 1, `${code}`);
      await restore();
      await assertWhole(server);
    });

    test("a FIFO that takes the place of a directory or a file while root is at work holds nobody up", async () => {
      const pipe = `${redisConfiguration}.pipe`;
      // Not by a deployment: Redis itself would wait for what the FIFO never says, until systemd ends its start.
      const verified = async () => (await server.system.exec(["mailstack", "verify", "redis"])).exitCode;
      for (const [user, path, other, work] of [
        ["roundcube", temp, `${state}/link`, () => applied(next())],
        ["redis", redisConfiguration, pipe, verified],
      ] as const) {
        const ends = await whileRacing(user, race(path, other, `os.mkfifo("${other}")`), work);
        // Its end is what matters, also when it tells of a difference (3): nobody ever writes into the FIFO.
        for (const code of ends) assert.ok([0, 1, 3].includes(code), `${user}: ${code}`);
        await shell(`rm -rf ${pipe}; [ -f ${redisConfiguration} ] || rm -f ${redisConfiguration}`);
        await restore();
        await assertWhole(server);
      }
    });

    test("redis owns the directory of its configuration: a link or a FIFO there becomes our file again", async () => {
      for (const [make, name] of [
        ["ln -s /etc/shadow", "a link"],
        ["mkfifo", "a FIFO"],
      ]) {
        await as("redis", `rm ${redisConfiguration}; ${make} ${redisConfiguration}`);
        await toldBad(redisConfiguration, `was replaced by ${name}`);
        await applyWell(server, redis);
        assert.equal(await ownership(), untouched);
        assert.match(await shell(`stat -c '%F %U:%G' ${redisConfiguration}`), /^regular file redis:redis/);
      }
      await assertWhole(server);
    });

    test("vmail owns the mail: a link in the place of a domain's folder is refused when a user is purged", async () => {
      const gone = server.address("gone");
      const database = "/var/lib/mailserver/mail.db";
      const insert = `INSERT OR REPLACE INTO users (email, password, quota_mb, active) VALUES ('${gone}', 'x', 1, 0)`;
      await shell(`sqlite3 ${database} "${insert}"; mkdir -p /root/kept/gone; touch /root/kept/gone/file`);
      const folder = `/var/vmail/${server.domain}`;
      const domain = (await shell(`[ ! -d ${folder} ] || echo there`)) !== "";
      await as("vmail", `${domain ? `mv ${folder} ${folder}.away; ` : ""}ln -s /root/kept ${folder}`);
      try {
        const purged = await server.system.exec(["mailstack", "user", "purge", gone, "--yes"]);
        assert.equal(purged.exitCode, 1);
        assert.match(purged.stderr, new RegExp(`${folder} is a link`));
        await shell("test -f /root/kept/gone/file");
      } finally {
        await as("vmail", `rm ${folder}; ${domain ? `mv ${folder}.away ${folder}` : "true"}`);
        await shell("rm -r /root/kept");
      }
      assert.equal((await server.system.exec(["mailstack", "user", "purge", gone, "--yes"])).exitCode, 0);
    });

    test("who reads the accounts replaces none of their files, and nobody but root holds the deployment's lock", async () => {
      const database = "/var/lib/mailserver/mail.db";
      for (const script of [`mv ${database} ${database}.away`, `rm ${database}`, `ln -sf /etc/shadow ${database}`])
        await assert.rejects(as("postfix", script), /Operation not permitted/);
      await as("postfix", `ln -s /etc/shadow ${database}-journal`);
      const refused = await server.system.exec(["mailstack", "user", "list"]);
      assert.equal(refused.exitCode, 1);
      assert.match(refused.stderr, /mail\.db-journal was not made by root: look at it, remove it, and try again/);
      await as("postfix", `rm ${database}-journal`);
      for (const user of ["postfix", "www-data"])
        await assert.rejects(as(user, "touch /run/mailstack/mine"), /Permission denied/);
    });
  });
}
