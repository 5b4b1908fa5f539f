import type { EngineUnderTest } from "./providers-cloud";

export async function engineUnderTest(): Promise<EngineUnderTest> {
  return { path: (process.env.ENGINE_PATH ?? "").split(":") };
}
