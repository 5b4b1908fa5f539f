import assert from "node:assert/strict";
import { defaultTokens } from "../../../local-cloud/api";
import { zoneRecords } from "./cloudflare-api";
import type { Server } from "./servers";

/** Mailbox of the peer that signed mail goes to. */
const friend = "friend@peer.example";

/** A record as the provider has it. */
export interface Published {
  id: string;
  name: string;
  type: string;
  content: string;
}

/** What `pulumi stack export` prints, as far as it is changed here. */
interface State {
  deployment: { resources: { type: string; outputs: { history: { kept: Record<string, string> } } }[] };
}

/** One call of the provider's API about a domain's records. */
export function zone<T>(server: Server, domain: string, call: { method?: string; path?: string; body?: object }) {
  return zoneRecords<T>(server, defaultTokens.cloudflare, domain, call);
}

/** DKIM records of the domains. */
export async function dkimRecords(server: Server, domains: string[]): Promise<Published[]> {
  const path = "?per_page=100";
  const lists = await Promise.all(domains.map((domain) => zone<Published[]>(server, domain, { path })));
  return lists.flatMap(({ result }) => result).filter(({ name }) => name.includes("._domainkey."));
}

/** Submits a message of a user whose password is still the generated one. */
export async function submit(server: Server, from: string): Promise<{ subject: string; queueId: string }> {
  const password = (await server.system.must(["mailstack", "user", "initial-password", from])).trim();
  const subject = server.unique("signed");
  const login = { server: server.hostname, port: 587, tls: "required" as const, user: from, password };
  const sent = await server.peer.send({ from, to: friend, subject, ...login });
  assert.equal(sent.code, 250, sent.transcript);
  return { subject, queueId: /queued as (\w+)/.exec(sent.transcript)![1]! };
}

/** The receiver finds the key of this selector, which alone has signed for the domain. */
export async function passes(server: Server, subject: string, selector: string, domain: string): Promise<void> {
  const { verdicts, headers } = await server.peer.received({ subject });
  const signatures = (headers["dkim-signature"] ?? []).filter((value) => value.includes(`d=${domain};`));
  assert.deepEqual([verdicts?.dkim, verdicts?.dmarc, signatures.length], ["pass", "pass", 1]);
  assert.match(signatures[0]!, new RegExp(`\\bs=${selector};`));
}

/** Makes the next `up` find that the keys of these records stopped signing a week ago. */
export async function weekIsOver(server: Server, names: string[]): Promise<void> {
  const state = JSON.parse((await server.stack.pulumi(["stack", "export"])).stdout) as State;
  const { history } = state.deployment.resources.find((each) => each.type === "pulumi:pulumi:Stack")!.outputs;
  const aWeekAgo = new Date(Date.now() - 7 * 86_400_000).toISOString();
  history.kept = { ...history.kept, ...Object.fromEntries(names.map((name) => [name, aWeekAgo])) };
  await server.stack.pulumi(["stack", "import"], { input: JSON.stringify(state) });
}
