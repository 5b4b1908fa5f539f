import * as pulumi from "@pulumi/pulumi";

/**
 * `interfaces_for_new_linodes` of accounts whose new Linodes have configuration profile interfaces unless somebody asks
 * for others. The provider (5.1.1) cannot ask, and puts the firewall before the instance as a whole, which the API refuses
 * for a Linode with Linode Interfaces.
 */
const usable = ["legacy_config_only", "legacy_config_default_but_linode_allowed"];

/** `GET path` of the Linode API with a token: the status, and the answer of a 200. */
export type AskLinode = (path: string, token: string) => Promise<{ status: number; answer?: unknown }>;

/**
 * Whether the Linode account can have the host of a stack that has none yet. Asked before anything is made: otherwise the
 * firewall would be there, and the host refused.
 * @returns a line for what must be changed in the account; none where the account's setting cannot be read, which is told.
 */
export async function unusableAccount(token: pulumi.Input<string>, ask: AskLinode = askLinode): Promise<string[]> {
  const plain = await new Promise<string>((resolve) => pulumi.output(token).apply(resolve));
  const unread = (why: string) => pulumi.log.warn(`The settings of the Linode account could not be read: ${why}`);
  try {
    const { status, answer } = await ask("/account/settings", plain);
    const kind = (answer as { interfaces_for_new_linodes?: string } | undefined)?.interfaces_for_new_linodes;
    if (kind === undefined) await unread(`the API answered with ${status}; the token may lack account:read_only`);
    if (kind === undefined || usable.includes(kind)) return [];
    return [
      `linode: the account gives new Linodes Linode Interfaces (interfaces_for_new_linodes is ${kind}), which the provider ` +
        `cannot put behind a firewall; set "Interfaces for new Linodes" in the account's settings to ` +
        `"Configuration Profile Interfaces but allow Linode Interfaces", and run \`pulumi up\` again`,
    ];
  } catch (error) {
    await unread((error as Error).message);
    return [];
  }
}

/** Seconds for an answer; the provider will ask the same API more patiently. */
const patience = 15;

async function askLinode(path: string, token: string): ReturnType<AskLinode> {
  // The variable is the provider's own.
  const api = process.env.LINODE_URL ?? "https://api.linode.com";
  const response = await fetch(`${api}/v4${path}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(patience * 1000),
  });
  return { status: response.status, answer: response.ok ? await response.json() : undefined };
}
