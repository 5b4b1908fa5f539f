/** Pieces that are on this machine already. */
import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { execa } from "execa";
import { cached, engineCache } from "./cache";
import type { Piece, PieceName } from "./pieces";

export interface InstalledPiece {
  path: string;
  version: string;
}

/** The oldest CLI with what the program needs: `requiredPulumiVersion` of Pulumi.yaml. */
const oldestCli = [3, 219] as const;

/**
 * Looks in the folder that MAILSTACK_ENGINE_DIR names, then on PATH and in `~/.pulumi`.
 * @param cli - The CLI that was chosen: its own language host lies beside it.
 */
export async function findInstalled(piece: Piece, cli?: string): Promise<InstalledPiece | undefined> {
  const given = await inEngineFolder(piece);
  if (given) return given;
  const home = process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
  if (piece.pluginFolder) {
    const path = join(home, "plugins", piece.pluginFolder, piece.file);
    return executable(path) && !ours(path) ? { path, version: piece.version } : undefined;
  }
  if (piece.name === "language-nodejs") {
    // It belongs to one CLI: another one's host is no match.
    const path = cli && join(dirname(realpathSync(cli)), piece.file);
    return path && executable(path) && !ours(path) ? { path, version: piece.version } : undefined;
  }
  const folders = [...(process.env.PATH ?? "").split(delimiter), join(home, "bin")];
  for (const folder of folders) {
    const path = join(folder, piece.file);
    if (!executable(path) || ours(path)) continue;
    const version = await cliVersionOf(path);
    if (version) return { path, version };
  }
  return undefined;
}

/** A folder with the vendor's files for machines without a network: plain or `.xz`, versions in `versions.json`. */
async function inEngineFolder({ name, file, version }: Piece): Promise<InstalledPiece | undefined> {
  const folder = process.env.MAILSTACK_ENGINE_DIR;
  if (!folder) return undefined;
  if (!existsSync(folder)) throw new Error(`MAILSTACK_ENGINE_DIR names ${folder}, which does not exist`);
  const plain = join(folder, file);
  if (executable(plain)) return { path: plain, version: statedVersion(folder, file) ?? version };
  const packed = `${plain}.xz`;
  if (!existsSync(packed)) return undefined;
  return { path: await unpacked(packed, file, name), version: statedVersion(folder, file) ?? version };
}

async function unpacked(packed: string, file: string, name: PieceName): Promise<string> {
  const { size, mtimeMs } = statSync(packed);
  const folder = await cached(`vendor-${name}-${size}-${Math.round(mtimeMs)}`, async (work) => {
    const script = 'xz -dc "$1" > "$2" && chmod 755 "$2"';
    const result = await execa("sh", ["-c", script, "sh", packed, join(work, file)], { reject: false });
    if (result.exitCode !== 0) throw new Error(`${packed} cannot be unpacked: ${result.stderr}`);
  });
  return join(folder, file);
}

function statedVersion(folder: string, file: string): string | undefined {
  const list = join(folder, "versions.json");
  return existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as Record<string, string>)[file] : undefined;
}

/** undefined: too old, or no Pulumi CLI. */
async function cliVersionOf(path: string): Promise<string | undefined> {
  const env = { PULUMI_SKIP_UPDATE_CHECK: "true" };
  const result = await execa(path, ["version"], { reject: false, timeout: 10_000, env });
  const [, version, major, minor] = /^v((\d+)\.(\d+)\.\S+)/.exec(result.stdout ?? "") ?? [];
  const enough = Number(major) === oldestCli[0] && Number(minor) >= oldestCli[1];
  return enough ? version : undefined;
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What this resolver put there itself is no finding. */
const ours = (path: string): boolean => realpathSync(path).startsWith(engineCache);
