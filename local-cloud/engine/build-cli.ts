/** Builds the real Pulumi CLI from its Go module, where no other source has it. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { cached, engineCache } from "./cache";
import { cliVersion } from "./pieces";

const moduleFolder = join(__dirname, "cli");
const sdk = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
/** Smallest minor version of Go 1 that `cli/go.mod` allows. */
const smallestMinor = 25;
/** How often the waiting user reads how long it has taken, in milliseconds. */
const progressInterval = 15_000;

/** The place of the built CLI in the cache. */
function cacheName(): string {
  const digest = createHash("sha256")
    .update(readFileSync(join(moduleFolder, "go.sum")))
    .update(cliVersion);
  return `cli-${cliVersion}-${digest.digest("hex").slice(0, 16)}`;
}

/** The built CLI, where it is in the cache. */
export function builtCli(): string | undefined {
  const file = join(engineCache, cacheName(), "pulumi");
  return existsSync(file) ? file : undefined;
}

/**
 * Builds it, about four minutes on two cores.
 * @throws Error in one line without Go 1.25; with the compiler's words when the build fails.
 */
export async function buildCli(progress: (line: string) => void): Promise<string> {
  const go = await findGo();
  const folder = await cached(cacheName(), async (work) => {
    const start = Date.now();
    const tell = () => {
      const seconds = Math.round((Date.now() - start) / 1000);
      progress(`building the Pulumi CLI ${cliVersion} from its Go module (once, about 4 minutes): ${seconds} s`);
    };
    tell();
    const timer = setInterval(tell, progressInterval);
    const flags = ["-mod=readonly", "-trimpath", "-ldflags", `-s -w -X ${sdk}=v${cliVersion}`];
    const words = ["build", ...flags, "-o", join(work, "pulumi"), "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"];
    // Not another Go that this one would download.
    const env = { GOTOOLCHAIN: "local", CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" };
    try {
      const result = await execa(go, words, { cwd: moduleFolder, env, reject: false, all: true });
      if (result.exitCode !== 0) {
        const last = (result.all || result.shortMessage || "").split("\n").slice(-20).join("\n");
        throw new Error(`the Pulumi CLI could not be built:\n${last}`);
      }
    } finally {
      clearInterval(timer);
    }
  });
  return join(folder, "pulumi");
}

/**
 * A Go that is new enough for this project's Go programs.
 * @param need - What needs it, for the error.
 * @throws Error that names the versions that were found.
 */
export async function findGo(
  candidates = ["go", "/usr/local/go/bin/go"],
  need = "the Pulumi CLI is not installed and building it needs",
): Promise<string> {
  const found: string[] = [];
  for (const go of candidates) {
    const result = await execa(go, ["version"], { reject: false, env: { GOTOOLCHAIN: "local" } });
    const [text, minor] = /go1\.(\d+)\S*/.exec(result.stdout ?? "") ?? [];
    if (Number(minor) >= smallestMinor) return go;
    if (text) found.push(text);
  }
  const there = found.length > 0 ? `found ${found.join(", ")}` : "found no Go";
  throw new Error(`${need} Go 1.${smallestMinor} or newer; ${there}`);
}
