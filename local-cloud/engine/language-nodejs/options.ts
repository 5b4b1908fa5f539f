import type { ProgramInfo } from "@pulumi/pulumi/proto/language_pb";
import { z } from "zod";

/** `runtime.options` of Pulumi.yaml, as the vendor's host knows them. */
const schema = z.strictObject({
  typescript: z.boolean().default(true),
  tsconfig: z.string().default(""),
  nodeargs: z.string().default(""),
  packagemanager: z.enum(["auto", "npm"]).default("auto"),
  production: z.boolean().default(false),
});

export interface NodeOptions {
  /** The SDK's runner compiles TypeScript by itself. */
  typescript: boolean;
  /** Path of tsconfig.json; empty: the default. */
  tsconfig: string;
  nodeArguments: string[];
  /** Development packages are not installed. */
  production: boolean;
}

/** @throws Error that names the option, when it is unknown or has a value that this stand-in cannot serve. */
export function nodeOptions(info: ProgramInfo): NodeOptions {
  const result = schema.safeParse(info.getOptions()?.toJavaScript() ?? {});
  if (!result.success) {
    const issues = result.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`.trim());
    throw new Error(`runtime.options of Pulumi.yaml: ${issues.join("; ")}`);
  }
  const { typescript, tsconfig, nodeargs, production } = result.data;
  if (/["'\\]/.test(nodeargs)) throw new Error("runtime.options of Pulumi.yaml: nodeargs must not have quotes");
  return { typescript, tsconfig, production, nodeArguments: nodeargs.split(/\s+/).filter(Boolean) };
}
