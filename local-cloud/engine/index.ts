/** Finds or makes every piece of Pulumi's engine: the CLI, the Node.js language host and the plugins. */
import { createHash } from "node:crypto";
import { copyFileSync, linkSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { buildCli, builtCli } from "./build-cli";
import { cached, engineCache } from "./cache";
import { downloadCli, downloadPlugin, siteAnswers } from "./download";
import { findInstalled } from "./installed";
import { pieces, projectFolder, type FoundPiece, type Piece, type PieceName, type Source } from "./pieces";
import { prepareStandIns } from "./stand-ins";

export type { FoundPiece, PieceName, Source } from "./pieces";

/** The engine, ready to run. */
export interface Engine {
  /** Folder with `pulumi` and its language host; the plugins are beside it, in `../plugins`. */
  binDirectory: string;
  pieces: FoundPiece[];
}

export interface EngineOptions {
  /** Gets a line for what takes longer than a moment. */
  progress: (line: string) => void;
  /** Only these pieces; default all. */
  only?: readonly PieceName[];
}

/**
 * Looks for each piece on this machine, then at the vendor's, then makes it: the CLI from its Go module, all else as a
 * stand-in. MAILSTACK_ENGINE=standins takes the project's own stand-ins in any case, MAILSTACK_ENGINE=vendor only the
 * vendor's.
 * @throws Error in one line: an unknown MAILSTACK_ENGINE, no Go of the right version, or vendor's pieces that are asked
 * for and are not there.
 */
export async function prepareEngine({ progress, only }: EngineOptions): Promise<Engine> {
  const kind = process.env.MAILSTACK_ENGINE || "any";
  if (!["any", "standins", "vendor"].includes(kind)) {
    throw new Error(`MAILSTACK_ENGINE is "${kind}"; use "standins" or "vendor", or leave it out`);
  }
  const wanted = pieces.filter((piece) => !only || only.includes(piece.name));
  const found: FoundPiece[] = [];
  const missing: Piece[] = [];
  const take = ({ name, version }: Piece, source: Source, path: string, its = version) =>
    found.push({ name, version: its, source, path });

  for (const piece of wanted) {
    if (kind === "standins" && piece.name !== "pulumi") continue;
    const cli = found.find(({ name }) => name === "pulumi")?.path;
    const there = await findInstalled(piece, cli);
    if (there) take(piece, "installed", there.path, there.version);
  }
  const lacking = () => wanted.filter(({ name }) => !found.some((piece) => piece.name === name));

  for (const piece of await downloadable(lacking(), kind)) {
    const cli = found.find(({ name }) => name === "pulumi")?.path;
    const path = await download(piece, cli, progress);
    if (path) take(piece, "download", path);
  }
  for (const piece of lacking()) {
    if (piece.name === "pulumi") take(piece, "built", builtCli() ?? (await buildCli(progress)));
    else if (kind === "vendor") missing.push(piece);
    else take(piece, "stand-in", (await prepareStandIns(progress)).get(piece.name)!);
  }
  if (missing.length > 0) {
    const names = missing.map(({ file, version }) => `${file} ${version}`).join(", ");
    throw new Error(
      `MAILSTACK_ENGINE=vendor, and these are not there: ${names}; MAILSTACK_ENGINE_DIR may name a folder`,
    );
  }
  const order = (name: PieceName) => wanted.findIndex((piece) => piece.name === name);
  found.sort((a, b) => order(a.name) - order(b.name));
  return { binDirectory: await assemble(found), pieces: found };
}

/** Nothing is downloaded for a built CLI's sake: its language host is of the same version, but comes with the vendor's. */
async function downloadable(lacking: Piece[], kind: string): Promise<Piece[]> {
  const worth = lacking.filter(({ name }) => kind !== "standins" && !(name === "pulumi" && builtCli()));
  return worth.length > 0 && (await siteAnswers()) ? worth : [];
}

async function download(
  piece: Piece,
  cli: string | undefined,
  progress: (line: string) => void,
): Promise<string | undefined> {
  try {
    if (piece.pluginFolder) return cli && (await downloadPlugin(piece, cli, progress));
    return join(await downloadCli(progress), piece.file);
  } catch (error) {
    progress(`${piece.file} ${piece.version}: the download failed (${(error as Error).message.split("\n")[0]})`);
    return undefined;
  }
}

/** One folder with links to all pieces, in the layout that the CLI takes without a warning. */
async function assemble(found: FoundPiece[]): Promise<string> {
  const digest = createHash("sha256").update(JSON.stringify(found)).digest("hex").slice(0, 16);
  const folder = await cached(`engine-${digest}`, async (work) => {
    mkdirSync(join(work, "bin"));
    mkdirSync(join(work, "plugins"));
    for (const { name, path } of found) {
      const { file, pluginFolder } = pieces.find((piece) => piece.name === name)!;
      // A copy: the CLI expects its language host beside its real file.
      if (name === "pulumi") linkOrCopy(path, join(work, "bin", file));
      else if (!pluginFolder) symlinkSync(path, join(work, "bin", file));
      else {
        mkdirSync(join(work, "plugins", pluginFolder));
        symlinkSync(path, join(work, "plugins", pluginFolder, file));
      }
    }
  });
  return join(folder, "bin");
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/**
 * Environment of the CLI: the engine first on PATH, its state in files below `stateDirectory`, nothing asked of the
 * network. The passphrase (PULUMI_CONFIG_PASSPHRASE_FILE) is the caller's.
 */
export function engineEnvironment(place: { stateDirectory: string; binDirectory: string }): Record<string, string> {
  const home = join(place.stateDirectory, "home");
  const backend = join(place.stateDirectory, "backend");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  mkdirSync(backend, { recursive: true, mode: 0o700 });
  linkPlugins(join(dirname(place.binDirectory), "plugins"), join(home, "plugins"));
  const node = join(projectFolder, "node_modules/node/bin");
  return {
    PATH: [place.binDirectory, node, process.env.PATH ?? ""].join(delimiter),
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // Programs and plugins start faster from their second run on.
    NODE_COMPILE_CACHE: join(engineCache, "compiled"),
  };
}

/** The CLI takes plugins from its home without a word, and those on PATH with a warning for each. */
function linkPlugins(target: string, link: string): void {
  const there = lstatSync(link, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() && readlinkSync(link) === target) return;
  if (there) rmSync(link, { recursive: true });
  symlinkSync(target, link);
}
