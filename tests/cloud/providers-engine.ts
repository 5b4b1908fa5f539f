import { prepareEngine, type Engine } from "../../local-cloud/engine";

/** The engine as this machine has it; MAILSTACK_ENGINE and MAILSTACK_ENGINE_DIR choose the vendor's plugins. */
export function engineUnderTest(): Promise<Engine> {
  return prepareEngine({ progress: (line) => console.error(line) });
}
