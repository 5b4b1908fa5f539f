/** What the engine consists of, and in which versions. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The root of the project. */
export const projectFolder = join(__dirname, "../..");

/** The CLI that is built from its Go module; `cli/go.mod` names the same. Newer ones are not to be had as modules. */
export const cliVersion = "3.259.0";

export type PieceName = "pulumi" | "language-nodejs" | "command" | "random" | "linode" | "cloudflare";

export interface Piece {
  name: PieceName;
  /** Name of the program. */
  file: string;
  version: string;
  /** The folder that the engine looks for in its cache of plugins; absent: the piece lies beside the CLI. */
  pluginFolder?: string;
}

/** Where a piece came from. */
export type Source = "installed" | "download" | "built" | "stand-in";

export interface FoundPiece {
  name: PieceName;
  version: string;
  source: Source;
  path: string;
}

/** All pieces; a plugin has the version that its SDK in package.json asks for. */
export const pieces: Piece[] = [
  { name: "pulumi", file: "pulumi", version: cliVersion },
  { name: "language-nodejs", file: "pulumi-language-nodejs", version: cliVersion },
  ...(["command", "random", "linode", "cloudflare"] as const).map((name): Piece => {
    const version = pluginVersion(name);
    return { name, version, file: `pulumi-resource-${name}`, pluginFolder: `resource-${name}-v${version}` };
  }),
];

function pluginVersion(name: string): string {
  const file = join(projectFolder, `node_modules/@pulumi/${name}/package.json`);
  const { version, pulumi } = JSON.parse(readFileSync(file, "utf8")) as {
    version: string;
    pulumi?: { version?: string };
  };
  return (pulumi?.version ?? version).replace(/^v/, "");
}
