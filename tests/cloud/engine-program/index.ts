/** Makes the resources that the configuration lists, in its order, so that each test says what it needs. */
import { readFileSync } from "node:fs";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

interface Wish {
  kind: string;
  name: string;
  args: Record<string, unknown>;
  /** Arguments that are secret. */
  secret?: string[];
  /** Its `create` is `cat` with the stdout of this one behind it. */
  after?: string;
  seconds?: number;
}

const kinds: Record<
  string,
  new (name: string, args: never, options: pulumi.CustomResourceOptions) => pulumi.CustomResource
> = {
  password: random.RandomPassword,
  bytes: random.RandomBytes,
  string: random.RandomString,
  local: command.local.Command,
  remote: command.remote.Command,
  copy: command.remote.CopyToRemote,
};

const config = new pulumi.Config();
console.log("the program prints");
if (config.get("fail")) throw new Error(`the program fails: ${config.get("fail")}`);

const made = new Map<string, pulumi.CustomResource>();
for (const { kind, name, args, secret, after, seconds } of config.requireObject<Wish[]>("wishes")) {
  const given: Record<string, unknown> = { ...args };
  if (typeof given.text === "string") given.source = new pulumi.asset.StringAsset(given.text);
  if (typeof given.file === "string") given.source = new pulumi.asset.FileAsset(given.file);
  delete given.text;
  delete given.file;
  for (const key of secret ?? []) given[key] = pulumi.secret(given[key]);
  const connection = given.connection as Record<string, unknown> | undefined;
  if (connection?.keyFile) {
    const { keyFile, ...rest } = connection;
    given.connection = { ...rest, privateKey: pulumi.secret(readFileSync(String(keyFile), "utf8")) };
  }
  if (after) given.create = pulumi.interpolate`echo after ${(made.get(after) as command.remote.Command).stdout}`;
  const limit = seconds && `${seconds}s`;
  const options = limit ? { customTimeouts: { create: limit, update: limit } } : {};
  made.set(name, new kinds[kind]!(name, given as never, options));
}

const password = made.get("password") as random.RandomPassword | undefined;
export const result = password?.result ?? "none";
export const token = config.getSecret("token") ?? "none";
