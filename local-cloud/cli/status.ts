import { cloudStatus } from "../cloud/lifecycle";
import { prepareEngine } from "../engine";
import { System } from "../peer/system";
import { findServer, prepareStack, type LocalOptions } from "./bring-up";

/** Prints the cloud, the engine's pieces with their origin, and the host's own opinion of its services. */
export async function printStatus(options: LocalOptions): Promise<void> {
  const engine = await prepareEngine({ progress: options.progress });
  for (const piece of engine.pieces)
    console.log(`engine  ${piece.name} ${piece.version}: ${piece.source}, ${piece.path}`);
  if (!cloudStatus(options.cloud).running) {
    console.log(`cloud   "${options.cloud}" does not run; start it with: npm run local -- up`);
    process.exitCode = 1;
    return;
  }
  console.log(`cloud   "${options.cloud}" runs`);
  const { stack } = await prepareStack(options);
  const server = await findServer(options.cloud, stack);
  console.log(`host    ${server.hostname} ${server.address}`);
  const result = await new System(server.namespace).exec(["mailstack", "status"]);
  process.stdout.write(result.stdout + result.stderr);
  process.exitCode = result.exitCode;
}
