import type { EngineUnderTest } from "./providers-cloud";

/**
 * Where the CLI, the language host and the plugins are: the folders in ENGINE_PATH, separated by colons.
 * Throws when it is not set.
 */
export async function engineUnderTest(): Promise<EngineUnderTest> {
  const folders = process.env.ENGINE_PATH;
  if (!folders) throw new Error("ENGINE_PATH has to name the folders with pulumi, its language host and its plugins");
  return { path: folders.split(":") };
}
