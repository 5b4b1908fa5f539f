/**
 * A cloud by itself, without a Pulumi stack; for work on the cloud's own parts.
 * Usage: sh scripts/with-node22 local-cloud/cloud/main.ts start|stop|status|exec CLOUD [COMMAND...]
 */
import { spawnSync } from "node:child_process";
import { Command } from "commander";
import { cloudEnvironment, cloudStatus, inCloud, startCloud, stopCloud } from "./lifecycle";

const program = new Command("cloud")
  .description("a local cloud by itself, without a Pulumi stack")
  .enablePositionalOptions();
const say = (line: string) => console.error(line);

program
  .command("start <cloud>")
  .description("start it, or find it running")
  .action((cloud: string) => startCloud(cloud, say));

program
  .command("stop <cloud>")
  .description("end everything of it")
  .option("--purge", "remove its disks, zones and API state too", false)
  .action((cloud: string, options: { purge: boolean }) => stopCloud(cloud, options));

program
  .command("status <cloud>")
  .description("print what is known about it, as JSON")
  .action((cloud: string) => console.log(JSON.stringify(cloudStatus(cloud))));

program
  .command("exec <cloud> <command...>")
  .description("run a program inside it")
  .passThroughOptions()
  .action((cloud: string, command: string[]) => {
    const [first, ...words] = inCloud(cloud, command);
    const env = { ...process.env, ...cloudEnvironment(cloud) };
    const { status, error } = spawnSync(first!, words, { stdio: "inherit", env });
    if (error) throw error;
    process.exitCode = status ?? 1;
  });

program.parseAsync().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
