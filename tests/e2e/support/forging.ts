import { defaultTokens } from "../../../local-cloud/api";
import { zoneRecords } from "./cloudflare-api";
import type { Server } from "./servers";
import { until } from "./until";

/** One session: a line of JSON for each message, what its end was answered. Standard input: how, and the messages. */
export const send = `
import json, smtplib, ssl, sys
job = json.load(sys.stdin)
if job.get("password"):
    session = smtplib.SMTP_SSL(job["host"], 465, context=ssl.create_default_context(cafile=job["trusted"]), timeout=60)
    session.login(job["user"], job["password"])
else:
    session = smtplib.SMTP(job["host"], 25, timeout=60)
    session.ehlo()
answers = []
for sender, to, text in job["messages"]:
    session.mail(sender)
    code, words = session.rcpt(to)
    if code == 250: code, words = session.data(text.encode())
    answers.append([code, words.decode()])
    session.rset()
print(json.dumps(answers))
`;
export type Answers = [code: number, words: string][];

/** What a resolver of the host says of a TXT record. */
const look = `
import sys
from dns import resolver
try: print(*(b"".join(each.strings).decode().__repr__() for each in resolver.resolve(sys.argv[1], "TXT")))
except (resolver.NXDOMAIN, resolver.NoAnswer): print("none")
`;

/**
 * Works while the main domain's DMARC record is another one, or has another label; its id, which the stack knows it by,
 * stays.
 * @param told - What the host then sees of it.
 */
export async function withDmarc(
  server: Server,
  change: { content?: string; label?: string },
  told: RegExp,
  work: () => Promise<void>,
): Promise<void> {
  interface Published {
    id: string;
    content: string;
  }
  const zone = <T>(method: string, path: string, body?: object) =>
    zoneRecords<T>(server, defaultTokens.cloudflare, server.domain, { method, path, body });
  const name = `_dmarc.${server.domain}`;
  const { result } = await zone<Published[]>("GET", `?type=TXT&name=${name}`);
  const { id, content } = result[0]!;
  const untilSeen = (text: RegExp) =>
    until("the host sees the record", async () => {
      await server.system.must(["unbound-control", "flush_zone", server.domain]);
      return text.test(await server.system.must(["python3", "-c", look, name]));
    });
  const { label, ...values } = change;
  await zone("PATCH", `/${id}`, label === undefined ? values : { name: `${label}.${server.domain}` });
  try {
    await untilSeen(told);
    await work();
  } finally {
    await zone("PATCH", `/${id}`, { name, content });
  }
  await untilSeen(/p=(quarantine|reject)/m);
}
