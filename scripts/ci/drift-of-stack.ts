/** What is not as the last `pulumi up` left it: at the providers by a refresh that writes nothing, on the host by verify. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

/** One line a difference. */
export interface Drift {
  providers: string[];
  host: string[];
}

/** `mailstack verify` ends with it when it found something. */
const differs = 3;
/** A host that does not answer fails the check in seconds, not when the job's time is over. */
const sshOptions = ["BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=30", "IdentitiesOnly=yes"];

/** @throws Error when a side cannot be asked: that is no drift. */
export async function driftOf(stack: string): Promise<Drift> {
  return { providers: await providerDrift(stack), host: await hostDrift(stack) };
}

interface Refresh {
  steps?: { op: string; urn: string; detailedDiff: Record<string, unknown> | null }[];
  diagnostics?: { severity?: string; message: string }[];
}

async function providerDrift(stack: string): Promise<string[]> {
  const words = ["refresh", "--preview-only", "--json", "--stack", stack, "--non-interactive"];
  const result = await execa("pulumi", words, { reject: false });
  const answer = result.stdout.startsWith("{") ? (JSON.parse(result.stdout) as Refresh) : undefined;
  if (result.exitCode !== 0 || !answer?.steps) {
    const said = answer?.diagnostics?.map(({ message }) => message.trim()) ?? [];
    throw new Error(
      `pulumi refresh failed: ${[...said, result.stderr || result.shortMessage || ""].join("\n").trim()}`,
    );
  }
  return answer.steps
    .filter(({ op }) => op !== "refresh" && op !== "same")
    .map(({ op, urn, detailedDiff }) => {
      const [type = "", name = ""] = urn.split("::").slice(-2);
      const keys = Object.keys(detailedDiff ?? {});
      const what = op === "delete" ? "is gone" : `was changed${keys.length > 0 ? `: ${keys.join(", ")}` : ""}`;
      return `${name} (${type.split("$").at(-1)}) ${what}`;
    });
}

async function hostDrift(stack: string): Promise<string[]> {
  const words = ["stack", "output", "--json", "--show-secrets", "--stack", stack, "--non-interactive"];
  const outputs = await execa("pulumi", words, { reject: false });
  if (outputs.exitCode !== 0) throw new Error(`pulumi stack output failed: ${outputs.stderr}`);
  const { ipv4, hostKey, deployKey } = JSON.parse(outputs.stdout) as Record<string, string | undefined>;
  if (!ipv4 || !hostKey || !deployKey) throw new Error(`the stack "${stack}" has no host`);
  const folder = mkdtempSync(join(tmpdir(), "mailstack-drift-"));
  try {
    const [key, known] = [join(folder, "key"), join(folder, "known_hosts")];
    writeFileSync(key, `${deployKey.trimEnd()}\n`, { mode: 0o600 });
    // By address: a lost or changed DNS record is drift, and must not keep us from the host.
    writeFileSync(known, `${ipv4} ${hostKey}\n`);
    const options = [...sshOptions, `UserKnownHostsFile=${known}`].flatMap((option) => ["-o", option]);
    const verify = await execa("ssh", ["-i", key, ...options, `root@${ipv4}`, "mailstack verify"], { reject: false });
    if (verify.exitCode !== 0 && verify.exitCode !== differs)
      throw new Error(`mailstack verify did not run on ${ipv4}: ${verify.stderr || verify.shortMessage}`);
    return verify.stdout.split("\n").filter(Boolean);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
