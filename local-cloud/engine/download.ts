/** The vendor's own downloads. A machine that cannot reach them loses a few seconds, once a day. */
import { createWriteStream, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { execa } from "execa";
import { cached, engineCache } from "./cache";
import { cliVersion, type Piece } from "./pieces";

/** Where the vendor's installer and its CLI find their files. */
export const vendorSite = "https://get.pulumi.com";
/** How long the site has for its first answer, in milliseconds. */
const answerTime = 3000;
/** For how long an answer that did not come is remembered, in milliseconds. */
const rememberTime = 24 * 3600 * 1000;
/** How long one download may take, in milliseconds. */
const downloadTime = 10 * 60 * 1000;

const refusal = join(engineCache, "no-download");

/**
 * Whether the vendor's site answers. Not asked at all with MAILSTACK_OFFLINE=1 or CI=true, nor within a day after it
 * did not answer.
 */
export async function siteAnswers(site = vendorSite): Promise<boolean> {
  if (process.env.MAILSTACK_OFFLINE === "1" || process.env.CI === "true") return false;
  if (existsSync(refusal) && Date.now() - statSync(refusal).mtimeMs < rememberTime) return false;
  try {
    const answer = await fetch(cliAddress(site), { method: "HEAD", signal: AbortSignal.timeout(answerTime) });
    if (answer.ok) return true;
  } catch {
    // Any failure means the same: there is no download for this machine.
  }
  mkdirSync(engineCache, { recursive: true });
  writeFileSync(refusal, "The vendor's site did not answer. Remove this file to ask it again at once.\n");
  return false;
}

/** The folder with the vendor's CLI and its language host. */
export async function downloadCli(progress: (line: string) => void, site = vendorSite): Promise<string> {
  return cached(`download-cli-${cliVersion}`, async (work) => {
    progress(`downloading the Pulumi CLI ${cliVersion}`);
    const answer = await fetch(cliAddress(site), { signal: AbortSignal.timeout(downloadTime) });
    if (!answer.ok || !answer.body) throw new Error(`the Pulumi CLI: the vendor's site answers ${answer.status}`);
    const archive = join(work, "archive.tar.gz");
    await pipeline(Readable.fromWeb(answer.body as never), createWriteStream(archive));
    await execa("tar", ["-xzf", archive, "--strip-components=1", "-C", work]);
    await execa("rm", [archive]);
  });
}

/** The program of a plugin, by the CLI's own installer. */
export async function downloadPlugin(piece: Piece, cli: string, progress: (line: string) => void): Promise<string> {
  const name = `download-${piece.pluginFolder!}`;
  const folder = await cached(name, async (work) => {
    progress(`downloading the Pulumi plugin ${piece.name} ${piece.version}`);
    const env = { PULUMI_HOME: work, PULUMI_SKIP_UPDATE_CHECK: "true" };
    await execa(cli, ["plugin", "install", "resource", piece.name, piece.version], { env, timeout: downloadTime });
  });
  return join(folder, "plugins", piece.pluginFolder!, piece.file);
}

function cliAddress(site: string): string {
  const machine = process.arch === "arm64" ? "arm64" : "x64";
  return `${site}/releases/sdk/pulumi-v${cliVersion}-linux-${machine}.tar.gz`;
}
