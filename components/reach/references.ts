import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../settings/refusal";
import { backupMxSchema, readExchange, relayForSchema, type BackupExchanger, type RelayFor } from "./exchange";
import type { z } from "zod";

/** Names of the outputs by which the two stacks know each other. Contract. */
export const outputNames = { relayFor: "relayFor", backupMx: "backupMx" } as const;

/**
 * What the primary's stack says, for its backup MX.
 * @throws pulumi.RunError when it does not, before anything is changed.
 */
export function primaryOf(stack: string): Promise<RelayFor> {
  const next = "run its up first, with a version of Mailstack that knows backup MXs";
  return toldBy("mailstack:primaryStack", stack, outputNames.relayFor, relayForSchema, next);
}

/**
 * What the backup's stack says, for its primary.
 * @throws pulumi.RunError when it does not, before anything is changed.
 */
export function backupMxOf(stack: string): Promise<BackupExchanger> {
  const next = "run its up first; mailstack:backupStack is set when the backup MX is there";
  return toldBy("mailstack:backupStack", stack, outputNames.backupMx, backupMxSchema, next);
}

/** Why there is no such stack. A reference to one ends the program, before it could say which key is wrong. */
async function problemOf(stack: string): Promise<string | undefined> {
  try {
    await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: stack });
    return undefined;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const words = said.replace(/^invocation of \S+ returned an error: /, "").split("\n")[0];
    return `the stack "${stack}" cannot be read (${words}); \`pulumi stack ls --all\` shows the names of this backend`;
  }
}

async function toldBy<T>(key: string, stack: string, output: string, schema: z.ZodType<T>, next: string): Promise<T> {
  const missing = await problemOf(stack);
  if (missing) throw refusal("Nothing was changed:", [`${key}: ${missing}`]);
  const reference = new pulumi.StackReference(stack);
  const read = readExchange(await reference.getOutputDetails(output), schema, { stack, output, next });
  if ("problem" in read) throw refusal("Nothing was changed:", [`${key}: ${read.problem}`]);
  return read.told;
}
