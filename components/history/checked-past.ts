import { wrongZones, type DnsProviders } from "../dns/zone-check";
import { refusal } from "../settings/refusal";
import type { Settings } from "../settings/schema";
import { unpublishedSigner } from "./dkim-keys";
import { anotherHost, type Past } from "./history";
import { readPast } from "./past";
import { leavesAllBehind } from "./replacement";

/**
 * What the last `up` of this stack left, for {@link MailServerArgs.past}; undefined before the first one. It is kept in the
 * stack's outputs `hostname`, `zones` and `history`, which a program exports under these names.
 * @throws pulumi.RunError when the settings name a zone of another domain, let a key sign that was never published, or need
 * another host although the host is protected or has no backups: one line for each, before anything is changed.
 */
export async function checkedPast(settings: Settings, providers: DnsProviders): Promise<Past | undefined> {
  const past = await readPast();
  const wrong = [
    ...anotherHost(past, settings),
    ...(settings.protect ? [] : leavesAllBehind(past, settings)),
    ...unpublishedSigner(past, settings),
    ...(await wrongZones(settings, past, providers)),
  ];
  if (wrong.length > 0) throw refusal("Nothing was changed:", wrong);
  return past;
}
