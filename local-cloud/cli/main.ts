/** `npm run local`: the production program against the cloud on this machine. */
import { spawnSync } from "node:child_process";
import { Command } from "commander";
import { cloudStatus, requireName, stopCloud } from "../cloud/lifecycle";
import { Peer } from "../peer/peer";
import { System } from "../peer/system";
import { findServer, localDomain, prepareStack, upStack, type LocalOptions } from "./bring-up";
import { checkMail } from "./checks";
import { Interrupted, interruptible } from "./interruption";
import { requireMachine } from "./preflight";
import { openPage, pages } from "./open";
import { progressPrinter } from "./progress";
import { printStatus } from "./status";
import { summary } from "./summary";

interface GlobalOptions {
  cloud: string;
  os: string;
}

/** The command line itself: the tests hold the documentation against it. */
export const program = new Command("npm run local --")
  .description("A complete mail server on this machine: the production program, the real Pulumi engine, real daemons.")
  .option("--cloud <name>", "name of the cloud; several may run at once", "local")
  .option("--os <system>", "debian12 or debian13", "debian12")
  .enablePositionalOptions();

program
  .command("up", { isDefault: true })
  .description("bring everything up, send mail in and out, and print the verdicts; again: nothing to change")
  .action(async () => {
    const options = localOptions();
    const { stack } = await prepareStack(options);
    await upStack(options, stack, (work) => interruptible(options.progress, work));
    const server = await findServer(options.cloud, stack);
    options.progress("sending mail in and out");
    const checks = await checkMail(options.cloud, server);
    const webmail = server.webmail && (await openPage(options.cloud, server, "webmail"));
    console.log(summary(server, checks, webmail, cloudOption()));
    if (checks.some((check) => !check.ok)) process.exitCode = 1;
  });

program
  .command("preview")
  .description("show what `up` would change, line by line")
  .action(async () => {
    const { stack } = await prepareStack(localOptions());
    const result = await stack.pulumi(["preview", "--diff"], { stdout: "inherit", stderr: "inherit", reject: false });
    process.exitCode = result.exitCode;
  });

program
  .command("status")
  .description("what runs, and where each piece of the engine came from")
  .action(async () => printStatus(localOptions()));

program
  .command("shell <host> [command...]")
  .description("a root shell, or one command, on `mail` or `peer`")
  .passThroughOptions()
  .action(async (host: string, command: string[]) => {
    const system = await systemOf(host);
    const leader = String(await system.leader());
    const wanted = command.length > 0 ? command : ["bash", "-l"];
    const words = ["-t", leader, "-m", "-u", "-i", "-n", "-p", "--", ...wanted];
    const { status } = spawnSync("nsenter", words, { stdio: "inherit", env: guestEnvironment() });
    process.exitCode = status ?? 1;
  });

program
  .command("open <page>")
  .description(
    `the address of a page for this machine's own browser: ${Object.entries(pages)
      .map(([name, { about }]) => `\`${name}\` (${about})`)
      .join(", ")}`,
  )
  .action(async (page: string) => {
    const options = localOptions();
    requireRunning(options.cloud);
    const { stack } = await prepareStack(options);
    console.log(await openPage(options.cloud, await findServer(options.cloud, stack), page));
    const password = pages[page]?.password;
    // Beside the address, which a script may read.
    if (password) console.error(`password: npm run local -- ${cloudOption()}shell mail ${password.join(" ")}`);
  });

program
  .command("logs <service>")
  .description("follow the journal of a service on the mail host, for example postfix or dovecot")
  .option("--no-follow", "print what there is and end")
  .action(async (service: string, { follow }: { follow: boolean }) => {
    const leader = String(await (await systemOf("mail")).leader());
    const words = ["journalctl", "--no-pager", "-n", "200", ...(follow ? ["-f"] : []), "-u", `${service}*`];
    const all = ["-t", leader, "-m", "-u", "-i", "-n", "-p", "--", ...words];
    process.exitCode = spawnSync("nsenter", all, { stdio: "inherit", env: guestEnvironment() }).status ?? 1;
  });

program
  .command("down")
  .description("end the cloud: no process, mount or namespace stays; disks and stacks are kept")
  .option("--purge", "remove the disks and the stacks too", false)
  .action(async ({ purge }: { purge: boolean }) => {
    requireMachine();
    await stopCloud(program.opts<GlobalOptions>().cloud, { purge });
    console.log(purge ? "The cloud is gone, with its disks." : "The cloud is down; `npm run local` brings it back.");
  });

/** The words that name another cloud than the usual one. */
function cloudOption(): string {
  const { cloud } = program.opts<GlobalOptions>();
  return cloud === "local" ? "" : `--cloud ${cloud} `;
}

function localOptions(): LocalOptions {
  requireMachine();
  const { cloud, os } = program.opts<GlobalOptions>();
  if (os !== "debian12" && os !== "debian13") throw new Error(`--os: "${os}" is unknown; use debian12 or debian13`);
  // Before anything is built for it.
  requireName(cloud);
  return { cloud, os, stack: "local", domain: localDomain, progress: progressPrinter() };
}

async function systemOf(host: string): Promise<System> {
  const options = localOptions();
  requireRunning(options.cloud);
  if (host === "peer") return new Peer(options.cloud).system;
  if (host !== "mail") throw new Error(`no host "${host}"; there are mail and peer`);
  const { stack } = await prepareStack(options);
  return new System((await findServer(options.cloud, stack)).namespace);
}

function requireRunning(cloud: string): void {
  if (!cloudStatus(cloud).running)
    throw new Error(`the cloud "${cloud}" does not run; start it with: npm run local -- up`);
}

function guestEnvironment(): NodeJS.ProcessEnv {
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return { PATH: path, HOME: "/root", LANG: "C.UTF-8", TERM: process.env.TERM ?? "dumb" };
}

if (require.main === module)
  program.parseAsync().catch((error: Error) => {
    console.error(`mailstack: ${error.message}`);
    process.exitCode = error instanceof Interrupted ? 130 : 1;
  });
