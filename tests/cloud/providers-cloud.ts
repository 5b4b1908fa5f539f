/** The emulated APIs on loopback, with hosts and zones that only remember, and the Pulumi CLI run against them. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { apiNames, defaultTokens, startApis, zoneId, type Apis } from "../../local-cloud/api";
import { engineEnvironment, type Engine } from "../../local-cloud/engine";
import type { RecordSet, Zones } from "../../local-cloud/contracts";
import { FakeHosts, FakeObjects } from "./api/fakes";

const run = promisify(execFile);
const program = join(__dirname, "providers-program");

/** A DNS server that exists only here. */
export class RememberedZones implements Zones {
  readonly sets = new Map<string, string[]>();
  readonly pointers = new Map<string, string>();

  async create(): Promise<void> {}
  async remove(zone: string): Promise<void> {
    for (const key of this.sets.keys()) if (key.split(" ")[0]!.endsWith(zone)) this.sets.delete(key);
  }
  async replace(_zone: string, { name, type, contents }: RecordSet): Promise<void> {
    if (contents.length > 0) this.sets.set(`${name} ${type}`, contents);
    else this.sets.delete(`${name} ${type}`);
  }
  async pointer(address: string, name: string | undefined): Promise<void> {
    if (name === undefined) this.pointers.delete(address);
    else this.pointers.set(address, name);
  }
  async lookup(name: string, type: string): Promise<string[]> {
    return this.sets.get(`${name} ${type}`) ?? [];
  }
}

/** One run of the CLI. */
export interface Outcome {
  code: number;
  /** Both streams, for messages of failed tests. */
  text: string;
}

/** One stack in an own folder. `close` leaves nothing. */
export class ProvidersCloud {
  readonly hosts = new FakeHosts();
  readonly zones = new RememberedZones();
  /** Asked of each request (`GET /v4/account`): whether the APIs answer it with 429. */
  tooMany: (request: string) => boolean = () => false;
  private apis: Apis | undefined;
  private constructor(
    private readonly folder: string,
    private readonly engine: Engine,
  ) {}

  static async start(engine: Engine): Promise<ProvidersCloud> {
    const cloud = new ProvidersCloud(await mkdtemp(join(tmpdir(), "providers-")), engine);
    try {
      await cloud.startApis();
      await cp(program, join(cloud.folder, "program"), { recursive: true });
      await writeFile(join(cloud.folder, "program/package.json"), '{ "private": true }\n');
      await symlink(join(program, "../../../node_modules"), join(cloud.folder, "program/node_modules"));
      await cloud.succeed("stack", "init", "test");
      await cloud.configure({});
      return cloud;
    } catch (error) {
      await cloud.close();
      throw error;
    }
  }

  get url(): { linode: string; cloudflare: string } {
    const port = this.apis!.port;
    return {
      linode: `https://${apiNames.linode}:${port}`,
      cloudflare: `https://${apiNames.cloudflare}:${port}/client/v4`,
    };
  }

  private async startApis(): Promise<void> {
    const { folder } = this;
    await writeFile(join(folder, "hosts"), `127.0.0.1 localhost ${apiNames.linode} ${apiNames.cloudflare}\n`);
    const san = [apiNames.linode, apiNames.cloudflare].map((name) => `DNS:${name}`).join(",");
    const subject = ["-subj", "/CN=providers test", "-addext", `subjectAltName=${san}`];
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem"];
    await run("openssl", ["req", "-x509", ...key, "-out", "cert.pem", "-days", "2", ...subject], { cwd: folder });
    const cert = await readFile(join(folder, "cert.pem"), "utf8");
    this.apis = await startApis({
      hosts: this.hosts,
      zones: this.zones,
      objects: new FakeObjects(),
      stateFile: join(folder, "apis.json"),
      address: "127.0.0.1",
      port: 0,
      certificateFor: async () => ({ cert, key: await readFile(join(folder, "key.pem"), "utf8") }),
      cloudflareZones: ["ementech.co.ke"],
      tooMany: (request) => this.tooMany(request),
      log: () => undefined,
    });
  }

  /** Writes the stack's configuration; `changes` is what the program reads. */
  async configure(changes: object, extra: Record<string, string> = {}): Promise<void> {
    const values: Record<string, string> = {
      linodeToken: defaultTokens.linode,
      cloudflareToken: defaultTokens.cloudflare,
      linodeUrl: this.url.linode,
      cloudflareUrl: this.url.cloudflare,
      zoneId: zoneId("ementech.co.ke"),
      rootPass: "Only-for-the-test-7",
      publicKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(43)} test`,
      changes: JSON.stringify(changes),
      ...extra,
    };
    const secret = ["linodeToken", "cloudflareToken", "rootPass"];
    const plain = Object.entries(values).filter(([name]) => !secret.includes(name));
    const hidden = Object.entries(values).filter(([name]) => secret.includes(name));
    await this.succeed(
      "config",
      "set-all",
      ...plain.flatMap(([name, value]) => ["--plaintext", `${name}=${value}`]),
      ...hidden.flatMap(([name, value]) => ["--secret", `${name}=${value}`]),
    );
  }

  /** Runs the CLI on the test's program. */
  async pulumi(...args: string[]): Promise<Outcome> {
    const { folder, engine } = this;
    const env = {
      ...process.env,
      ...engineEnvironment({ stateDirectory: folder, binDirectory: engine.binDirectory }),
      PULUMI_CONFIG_PASSPHRASE: "test",
      SSL_CERT_FILE: join(folder, "cert.pem"),
      NODE_EXTRA_CA_CERTS: join(folder, "cert.pem"),
      FOLDER: folder,
    };
    // Names on loopback for this process tree alone.
    const script = 'mount --bind "$FOLDER/hosts" /etc/hosts && exec pulumi "$@"';
    const command = ["--mount", "sh", "-c", script, "pulumi", ...args, "--non-interactive", "--color=never"];
    const stack = args.includes("init") ? [] : ["--stack", "test"];
    try {
      const cwd = join(folder, "program");
      const { stdout, stderr } = await run("unshare", [...command, ...stack], { cwd, env, maxBuffer: 64 << 20 });
      return { code: 0, text: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, text: stdout + stderr };
    }
  }

  /** Like {@link pulumi}; throws what was printed when the CLI fails. */
  async succeed(...args: string[]): Promise<string> {
    const { code, text } = await this.pulumi(...args);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")}: exit ${code}\n${text}`);
    return text;
  }

  /** The resources of the stack's state, by type and name. */
  async resources(): Promise<Map<string, StateResource>> {
    const text = await this.succeed("stack", "export");
    const { deployment } = JSON.parse(text) as { deployment: { resources?: StateResource[] } };
    return new Map((deployment.resources ?? []).map((one) => [one.urn.split("::").slice(2).join("::"), one]));
  }

  /** One request to an API, beside the stack: somebody works by hand. Throws when it is refused. */
  async request(method: string, path: string, body?: object): Promise<void> {
    const linode = path.startsWith("/v4");
    const token = linode ? defaultTokens.linode : defaultTokens.cloudflare;
    const headers = {
      host: linode ? apiNames.linode : apiNames.cloudflare,
      authorization: `Bearer ${token}`,
      ...(body && { "content-type": "application/json" }),
    };
    const ca = await readFile(join(this.folder, "cert.pem"));
    const options = { host: "127.0.0.1", port: this.apis!.port, servername: headers.host, method, path, headers, ca };
    await new Promise<void>((resolve, reject) => {
      const sent = request(options, (answer) => {
        answer.resume();
        if (answer.statusCode! < 300) answer.on("end", resolve);
        else reject(new Error(`${method} ${path}: ${answer.statusCode}`));
      });
      sent.on("error", reject);
      sent.end(body && JSON.stringify(body));
    });
  }

  /** What the APIs remember, from their file. */
  async apiState(): Promise<ApiState> {
    return JSON.parse(await readFile(join(this.folder, "apis.json"), "utf8")) as ApiState;
  }

  async close(): Promise<void> {
    await this.apis?.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
}

export interface ApiState {
  linode: {
    instances: { id: number; label: string }[];
    firewalls: object[];
    domains: object[];
    volumes: { size: number }[];
    buckets: object[];
    objectKeys: { secretKey: string }[];
  };
  cloudflare: { records: { id: string; name: string; type: string; content: string }[] };
}
