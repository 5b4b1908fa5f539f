import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, type AgentOptions, request, type RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Apis, type ApiOptions, defaultTokens, startApis } from "../../../local-cloud/api/index";
import { FakeHosts, FakeObjects, FakeZones } from "./fakes";

/** Connects every name to the server under test; the certificate must still be right for the name. */
class CloudAgent extends Agent {
  constructor(
    private readonly target: () => number,
    options: AgentOptions,
  ) {
    super(options);
  }

  override createConnection(options: RequestOptions, ready?: Parameters<Agent["createConnection"]>[1]) {
    return super.createConnection({ ...options, host: "127.0.0.1", port: this.target() }, ready);
  }
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

/** The APIs on a loopback port with hosts and DNS that only remember. */
export class TestCloud {
  readonly folder = mkdtempSync(join(tmpdir(), "mailstack-api-"));
  readonly stateFile = join(this.folder, "state.json");
  readonly log: string[] = [];
  hosts = new FakeHosts();
  zones = new FakeZones();
  objects = new FakeObjects();
  readonly agent: Agent;
  readonly certificate: { cert: string; key: string };
  #apis: Apis | undefined;

  constructor(private readonly options: Partial<ApiOptions> = {}) {
    this.certificate = this.#makeCertificate();
    this.agent = new CloudAgent(() => this.#apis!.port, { ca: this.certificate.cert, keepAlive: false });
  }

  #makeCertificate() {
    const [cert, key] = [join(this.folder, "cert.pem"), join(this.folder, "key.pem")];
    const names = "DNS:api.linode.com,DNS:api.cloudflare.com,DNS:acme-v02.api.letsencrypt.org";
    const keyOptions = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
    const rest = ["-out", cert, "-days", "2", "-subj", "/CN=test", "-addext", `subjectAltName=${names}`];
    execFileSync("openssl", ["req", "-x509", ...keyOptions, ...rest], { stdio: "ignore" });
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  }

  async start(): Promise<void> {
    this.#apis = await startApis({
      hosts: this.hosts,
      zones: this.zones,
      objects: this.objects,
      stateFile: this.stateFile,
      address: "127.0.0.1",
      port: 0,
      certificateFor: async () => this.certificate,
      cloudflareZones: ["example.org", "other.example"],
      log: (line) => this.log.push(line),
      ...this.options,
    });
  }

  async stop(): Promise<void> {
    await this.#apis?.close();
  }

  /** Stops, and removes what is on disk. */
  async end(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** One request by a public address. */
  call(method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const servername = new URL(url).hostname;
      const sent = request(url, { method, agent: this.agent, headers, servername }, (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          const json = (answer.headers["content-type"] ?? "").includes("json") && text !== "";
          resolve({
            status: answer.statusCode!,
            headers: answer.headers,
            text,
            body: json ? JSON.parse(text) : undefined,
          });
        });
        answer.on("error", reject);
      });
      sent.on("error", reject);
      sent.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  linode(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const all = { authorization: `Bearer ${defaultTokens.linode}`, "content-type": "application/json", ...headers };
    return this.call(method, `https://api.linode.com/v4${path}`, body, all);
  }

  cloudflare(method: string, path: string, body?: unknown, token: string = defaultTokens.cloudflare): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    return this.call(method, `https://api.cloudflare.com/client/v4${path}`, body, headers);
  }
}

/** Waits until something holds; a test fails after five seconds. */
export async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (const end = Date.now() + 5000; !(await holds());) {
    if (Date.now() > end) throw new Error(`did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
