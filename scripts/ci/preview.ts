/**
 * Runs `pulumi preview --diff` of PULUMI_STACK and shows it in one comment on PULL_REQUEST. Ends with 1 when the preview
 * fails; the comment then says why.
 */
import { execa } from "execa";
import { Repository, required } from "./github";
import { diffBlock } from "./markdown";
import { condensed } from "./preview-text";

main(process.env).catch((error: Error) => {
  console.error(`mailstack: ${error.message}`);
  process.exitCode = 1;
});

async function main(environment: NodeJS.ProcessEnv): Promise<void> {
  const stack = required(environment, "PULUMI_STACK");
  const pullRequest = Number(required(environment, "PULL_REQUEST"));
  const repository = new Repository(environment);
  const words = ["preview", "--diff", "--stack", stack, "--non-interactive", "--color", "never"];
  const result = await execa("pulumi", [...words, "--suppress-permalink=true"], { all: true, reject: false });
  const text = result.all || result.shortMessage || "";
  console.log(text);

  const failed = result.exitCode !== 0;
  const title = failed ? `The preview of the stack \`${stack}\` failed.` : `Preview of the stack \`${stack}\`:`;
  const marker = `<!-- mailstack preview: ${stack} -->`;
  await repository.comment(pullRequest, marker, `${marker}\n${title}\n\n${diffBlock(condensed(text))}\n`);
  if (failed) throw new Error("pulumi preview failed");
}
