/**
 * Zones of a running cloud, for a test outside of its network namespace: PowerDNS answers only inside. Run as a program
 * (`peer-zones.ts CLOUD`, inside the namespace) it reads one call a line and writes one answer a line, both JSON.
 */
import { ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface, Interface } from "node:readline";
import { inCloud } from "../../local-cloud/cloud/lifecycle";
import { PowerDns } from "../../local-cloud/cloud/zones";
import { RecordSet, Zones } from "../../local-cloud/contracts";
import { stateFolder } from "../../local-cloud/places";

/** Where `startDns` has PowerDNS listen. */
const api = "http://127.0.0.1:8081";

interface Answer {
  result?: unknown;
  error?: string;
}

/** Calls the cloud's DNS from outside. */
export class CloudZones implements Zones {
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;

  constructor(cloud: string) {
    const program = [process.execPath, "--conditions=import", "--import", "tsx", __filename, cloud];
    const [first = "", ...rest] = inCloud(cloud, program);
    this.child = spawn(first, rest, { cwd: join(__dirname, "../.."), stdio: ["pipe", "pipe", "inherit"] });
    this.answers = lines(this.child.stdout!)[Symbol.asyncIterator]();
  }

  /** Ends the program. */
  close(): void {
    this.child.stdin!.end();
  }

  async create(zone: string, options?: { signed: boolean }): Promise<void> {
    await this.call("create", zone, options);
  }

  async remove(zone: string): Promise<void> {
    await this.call("remove", zone);
  }

  async replace(zone: string, records: RecordSet): Promise<void> {
    await this.call("replace", zone, records);
  }

  async pointer(address: string, name: string | undefined): Promise<void> {
    await this.call("pointer", address, name ?? null);
  }

  async lookup(name: string, type: string): Promise<string[]> {
    return (await this.call("lookup", name, type)) as string[];
  }

  /** One call after another, as the tests do. */
  private async call(method: keyof Zones, ...words: unknown[]): Promise<unknown> {
    this.child.stdin!.write(`${JSON.stringify([method, ...words])}\n`);
    const { value, done } = await this.answers.next();
    if (done) throw new Error(`the program that calls the cloud's DNS ended before it answered ${method}`);
    const answer = JSON.parse(value) as Answer;
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result;
  }
}

function lines(input: NodeJS.ReadableStream): Interface {
  return createInterface({ input });
}

async function main(cloud: string): Promise<void> {
  const key = readFileSync(join(stateFolder(cloud), "dns", "api-key"), "utf8");
  const zones = new PowerDns(cloud, api, key);
  // Learns which zones there are.
  await zones.connect();
  for await (const line of lines(process.stdin)) {
    const [method, ...words] = JSON.parse(line) as [keyof Zones, ...unknown[]];
    const call = zones[method].bind(zones) as (...all: unknown[]) => Promise<unknown>;
    const answer: Answer = await call(...words.map((word) => word ?? undefined)).then(
      (result) => ({ result }),
      (error: Error) => ({ error: error.message }),
    );
    console.log(JSON.stringify(answer));
  }
}

if (require.main === module) void main(process.argv[2] ?? "");
