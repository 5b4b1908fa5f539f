import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startFakeEngine, type Told } from "./support/fake-engine";
import { ipv4 } from "./support/fake-cloud";
import { stackConfig, tokens } from "./support/stacks";

/**
 * The program as Pulumi's language host runs it: `cmd/run` on the real `start.cjs`. All other tests load the files in
 * ways of their own.
 */
const root = join(__dirname, "../..");
/** The run of a program beside other work, in milliseconds. */
const patience = 60_000;

interface Run extends Told {
  exitCode: number | null;
  /** All that it wrote; what users are told goes to the engine instead. */
  noise: string;
}

async function load(config: Record<string, string>): Promise<Run> {
  const engine = await startFakeEngine();
  try {
    const at = engine.address;
    const parameters = [
      `--monitor=${at}`,
      `--engine=${at}`,
      "--project=mailstack",
      "--stack=test",
      "--organization=organization",
      "--parallel=16",
    ];
    const main = join(root, "node_modules/@pulumi/pulumi/cmd/run/index.js");
    const run = spawn(process.execPath, [main, ...parameters, "--pwd=.", "start.cjs"], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: patience,
      env: {
        PATH: process.env.PATH,
        // Nobody answers: the program warns that it could not look at the account.
        LINODE_URL: "http://127.0.0.1:1",
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(Object.keys(tokens)),
      },
    });
    let noise = "";
    for (const stream of [run.stdout, run.stderr]) stream.on("data", (text) => (noise += String(text)));
    const exitCode = await new Promise<number | null>((resolve, reject) =>
      run.on("error", reject).on("close", (code) => resolve(code)),
    );
    return { ...engine.told, exitCode, noise };
  } finally {
    engine.stop();
  }
}

test(
  "index.ts loads, bundled, and makes production's mail server",
  async () => {
    const run = await load(stackConfig("prod"));
    expect({ errors: run.errors, noise: run.noise, exitCode: run.exitCode }).toEqual({
      errors: [],
      noise: "",
      exitCode: 0,
    });
    expect(run.resources[0]).toBe("pulumi:pulumi:Stack mailstack-test");
    expect(run.resources).toEqual(
      expect.arrayContaining([
        "mailstack:index:MailServer mail",
        "linode:index/instance:Instance mail",
        "command:remote:Command mail-host-bootstrap",
        "command:remote:Command mail-postfix",
        "cloudflare:index/dnsRecord:DnsRecord mail-dns-mx",
      ]),
    );
    expect(Object.keys(run.outputs).sort()).toEqual([
      "backupPassword",
      "backupPublicKey",
      "deployKey",
      "dkim",
      "history",
      "hostKey",
      "hostname",
      "ipv4",
      "ipv6",
      "relayFor",
      "webmail",
      "zones",
    ]);
    expect(run.outputs.ipv4).toBe(ipv4);
    // The plugins are those that package.json pins, no more and no others.
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    const versions = { ...dependencies, ...devDependencies };
    const pinned = ["cloudflare", "command", "linode", "random"].map(
      (name) => `${name}@${versions[`@pulumi/${name}`]}`,
    );
    expect([...run.plugins].sort()).toEqual(pinned);
  },
  patience,
);

test(
  "a wrong configuration is a few lines for the user, no stack trace, and nothing is made",
  async () => {
    const config = { ...stackConfig("prod"), "mailstack:linodeToken": "", "mailstack:os": "windows" };
    const run = await load(config);
    expect(run.resources).toEqual(["pulumi:pulumi:Stack mailstack-test"]);
    expect(run.errors.join("\n").trim().split("\n")).toEqual([
      "The configuration is not usable:",
      "mailstack:linodeToken: is missing; set it with: pulumi config set --secret mailstack:linodeToken",
      'mailstack:os: "windows" is unknown; use one of debian12, debian13',
    ]);
    // 32: the user has been told, the language host adds no text of its own.
    expect(run.exitCode).toBe(32);
  },
  patience,
);
