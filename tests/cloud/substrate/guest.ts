import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa, execaSync } from "execa";
import { stringify } from "yaml";
import type { HostSpec } from "../../../local-cloud/contracts";
import { inCloud } from "../../../local-cloud/cloud/lifecycle";

/** What a command did. */
export interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs a program inside the cloud. Ends it after a minute. */
export async function runInCloud(cloud: string, command: string[], input = ""): Promise<Outcome> {
  const [program, ...words] = inCloud(cloud, command);
  const result = await execa(program!, words, { input, reject: false, timeout: 60_000 });
  return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr };
}

/** A booted system as its owner knows it: by SSH alone, with a host key that was chosen before the first boot. */
export class Guest {
  private readonly folder = mkdtempSync(join(tmpdir(), "substrate-"));
  private readonly clientKey = join(this.folder, "client");
  private readonly knownHosts = join(this.folder, "known_hosts");
  readonly spec: HostSpec;

  constructor(
    private readonly cloud: string,
    spec: Pick<HostSpec, "name" | "image" | "address" | "address6" | "memoryMiB"> & {
      userData?: Record<string, unknown>;
    },
  ) {
    const client = keyPair(this.clientKey);
    const host = keyPair(join(this.folder, "host"));
    writeFileSync(this.knownHosts, `${spec.address} ${host.public}\n`);
    const userData = { ssh_deletekeys: true, ssh_keys: { ed25519_private: host.private, ed25519_public: host.public } };
    this.spec = {
      ...spec,
      hostname: `${spec.name}.substrate.example`,
      authorizedKeys: [client.public],
      userData: `#cloud-config\n${stringify({ ...userData, ...spec.userData })}`,
    };
  }

  /** Runs a shell command as root. Exit code 255: no SSH connection. */
  async ssh(command: string): Promise<Outcome> {
    const options = [
      "StrictHostKeyChecking=yes",
      `UserKnownHostsFile=${this.knownHosts}`,
      "BatchMode=yes",
      "ConnectTimeout=3",
    ];
    const words = options.flatMap((option) => ["-o", option]);
    return runInCloud(this.cloud, [
      "ssh",
      "-F",
      "none",
      "-i",
      this.clientKey,
      ...words,
      `root@${this.spec.address}`,
      command,
    ]);
  }

  /** Standard output of a command that must not fail. */
  async must(command: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.ssh(command);
    if (exitCode !== 0) throw new Error(`${command} on ${this.spec.name} ended with ${exitCode}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  /** Waits for SSH, at most 60 s, then for the end of cloud-init. @returns what cloud-init says. */
  async untilReady(): Promise<string> {
    for (let tries = 0; (await this.ssh("true")).exitCode === 255; tries += 1) {
      if (tries === 120) throw new Error(`no SSH to ${this.spec.name} in a minute`);
      await sleep(500);
    }
    return (await this.ssh("cloud-init status --wait --long")).stdout;
  }

  /** Removes the keys of this machine's side. */
  forget(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function keyPair(file: string): { private: string; public: string } {
  execaSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file]);
  return { private: readFileSync(file, "utf8"), public: readFileSync(`${file}.pub`, "utf8").trim() };
}

/** Trust anchor that signs nothing, in presentation form. */
export function strangeAnchor(): string {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const jwk = publicKey.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.from(jwk.x!, "base64url"), Buffer.from(jwk.y!, "base64url")]);
  return point.toString("base64");
}

/** The local root's key, as every image has it. */
export function localAnchor(image: string): string {
  const record = readFileSync(join(image, "usr/share/dns/root.key"), "utf8").trim();
  return record.split(/\s+/).slice(7).join("");
}
