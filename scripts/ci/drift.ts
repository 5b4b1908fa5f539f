/**
 * Compares PULUMI_STACK with what the providers and the host hold. Drift opens one issue, or rewrites the one that is
 * open; without drift that issue is closed. Ends with 1 when it could not compare: nothing is opened or closed then.
 */
import { driftOf } from "./drift-of-stack";
import { Repository, required } from "./github";
import { twoBlocks } from "./markdown";

main(process.env).catch((error: Error) => {
  console.error(`mailstack: ${error.message}`);
  process.exitCode = 1;
});

async function main(environment: NodeJS.ProcessEnv): Promise<void> {
  const stack = required(environment, "PULUMI_STACK");
  const repository = new Repository(environment);
  const { providers, host } = await driftOf(stack);
  const found = [...providers, ...host];
  for (const line of found) console.log(line);
  if (found.length === 0) console.log(`no drift in the stack "${stack}"`);

  const marker = `<!-- mailstack drift: ${stack} -->`;
  const open = await repository.openIssue(marker);
  if (found.length === 0) {
    if (open) await repository.closeIssue(open, "The drift is gone.");
    return;
  }
  const body = [marker, `The stack \`${stack}\` is not as its last \`pulumi up\` left it.`];
  const [atProviders, onHost] = twoBlocks(providers.join("\n"), host.join("\n"));
  const refresh = "At the providers (`pulumi refresh --preview-only --diff` shows more):";
  if (providers.length > 0) body.push(refresh, atProviders);
  if (host.length > 0) body.push("On the host (`mailstack verify`):", onHost);
  body.push("What to do: `docs/admin/operating.md`, “Drift”. This issue is closed when the drift is gone.");
  if (open) await repository.updateIssue(open, body.join("\n\n"));
  else await repository.createIssue(`Drift in the stack ${stack}`, body.join("\n\n"));
}
