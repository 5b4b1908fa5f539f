/** Answers of the language host about the machine and the program's packages. */
import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";
import {
  AboutResponse,
  DependencyInfo,
  GetProgramDependenciesResponse,
  InstallDependenciesResponse,
  type InstallDependenciesRequest,
  type ProgramInfo,
} from "@pulumi/pulumi/proto/language_pb";
import { nodeOptions } from "./options";

const run = promisify(execFile);

export async function about(_info: ProgramInfo): Promise<AboutResponse> {
  const { stdout } = await run("node", ["-p", "process.execPath + ' ' + process.version"]);
  const [executable, version] = stdout.trim().split(" ");
  const answer = new AboutResponse().setExecutable(executable!).setVersion(version!);
  answer.getMetadataMap().set("packagemanager", "npm");
  return answer;
}

/** Names and versions from the program's lock file. */
export async function programDependencies(info: ProgramInfo, all: boolean): Promise<GetProgramDependenciesResponse> {
  const folder = info.getProgramDirectory();
  const lock = JSON.parse(await readFile(join(folder, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version?: string; dependencies?: object; devDependencies?: object }>;
  };
  const root = lock.packages[""];
  const direct = new Set(Object.keys({ ...root?.dependencies, ...root?.devDependencies }));
  const answer = new GetProgramDependenciesResponse();
  for (const [path, { version }] of Object.entries(lock.packages)) {
    const name = path.split("node_modules/").at(-1)!;
    if (!version || name === "" || !(all || direct.has(name))) continue;
    answer.addDependencies(new DependencyInfo().setName(name).setVersion(version));
  }
  return answer;
}

/** `pulumi install`: npm in the program's folder, its output as it comes. */
export function installDependencies(
  call: grpc.ServerWritableStream<InstallDependenciesRequest, InstallDependenciesResponse>,
): void {
  const info = call.request.getInfo()!;
  const fail = (details: string) =>
    call.destroy(Object.assign(new Error(details), { code: grpc.status.UNKNOWN, details }));
  let production: boolean;
  try {
    production = nodeOptions(info).production;
  } catch (error) {
    return void fail((error as Error).message);
  }
  const words = ["install", "--loglevel=error", ...(production ? ["--omit=dev"] : [])];
  const child = spawn("npm", words, { cwd: info.getProgramDirectory(), stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.on("data", (data: Buffer) => call.write(new InstallDependenciesResponse().setStdout(data)));
  child.stderr.on("data", (data: Buffer) => call.write(new InstallDependenciesResponse().setStderr(data)));
  call.on("cancelled", () => child.kill("SIGINT"));
  child.once("error", (error) => fail(`npm install: ${error.message}`));
  child.once("close", (code) => (code === 0 ? call.end() : fail(`npm install: exit code ${code}`)));
}
