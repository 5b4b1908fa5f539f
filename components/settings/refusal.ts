import * as pulumi from "@pulumi/pulumi";

/**
 * An error of the user's to mend, which Pulumi shows without a trace: `title`, and a line for each thing that is wrong.
 * It has none either: Pulumi colors it nevertheless, and Node 22 takes half a minute and gigabytes for the paths that the
 * SDK's source maps give (https://github.com/pulumi/pulumi/issues/21326).
 */
export function refusal(title: string, lines: readonly string[]): pulumi.RunError {
  const error = new pulumi.RunError([title, ...lines].join("\n"));
  error.stack = "";
  return error;
}
