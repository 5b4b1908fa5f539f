/** Which plugins a program needs: its npm packages say so themselves. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { GetRequiredPackagesResponse, type ProgramInfo } from "@pulumi/pulumi/proto/language_pb";
import { PackageDependency } from "@pulumi/pulumi/proto/plugin_pb";

/** What package.json of an SDK says of its plugin. */
interface Manifest {
  name?: string;
  version?: string;
  pulumi?: { resource?: boolean; name?: string; version?: string; server?: string; parameterization?: unknown };
}

/**
 * The packages below the program's folder that have a plugin, at every depth.
 * @throws Error for a package whose plugin is a bridge to another one; no SDK of this project is.
 */
export function requiredPackages(info: ProgramInfo): GetRequiredPackagesResponse {
  const manifests = manifestsIn(join(info.getProgramDirectory(), "node_modules"));
  const packages = manifests.filter((manifest) => manifest.pulumi?.resource).map(dependency);
  return new GetRequiredPackagesResponse().setPackagesList(packages);
}

function dependency(manifest: Manifest): PackageDependency {
  const { name, version, server, parameterization } = manifest.pulumi!;
  if (parameterization) {
    throw new Error(`${manifest.name}: bridged packages are not known to this stand-in of the Node.js language host`);
  }
  const plugin = name ?? manifest.name?.match(/^@pulumi\/(.+)$/)?.[1];
  if (!plugin) throw new Error(`${manifest.name}: package.json has no name of its plugin`);
  const number = version ?? manifest.version;
  if (!number) throw new Error(`${manifest.name}: package.json has no version`);
  const answer = new PackageDependency().setName(plugin).setKind("resource");
  answer.setVersion(number.startsWith("v") ? number : `v${number}`);
  if (server) answer.setServer(server);
  return answer;
}

/** Synchronous: a thousand small files take a quarter of the time so, and nobody else waits for this process. */
function manifestsIn(folder: string): Manifest[] {
  return (ifThere(() => readdirSync(folder)) ?? []).flatMap((name): Manifest[] => {
    if (name.startsWith(".")) return [];
    const path = join(folder, name);
    if (name.startsWith("@")) return manifestsIn(path);
    const text = ifThere(() => readFileSync(join(path, "package.json"), "utf8"));
    // The word must be there; most of the packages are not parsed.
    const own = text?.includes('"pulumi"') ? [JSON.parse(text) as Manifest] : [];
    return [...own, ...manifestsIn(join(path, "node_modules"))];
  });
}

/** What `read` gives, or nothing where there is no such file. */
function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
