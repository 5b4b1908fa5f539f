import * as pulumi from "@pulumi/pulumi";
import { unusableAccount } from "./cloud/account-check";
import { foreignRecords } from "./dns/foreign-records";
import { staysPublished } from "./history/dkim-keys";
import { checkedPast } from "./history/checked-past";
import { publishedNames } from "./history/history";
import { beforeReplacing } from "./history/replacement";
import { weakerDmarc } from "./history/weaker-dmarc";
import { onlyLocalAlerts } from "./local-alerts";
import { withoutBackup } from "./no-backup";
import { MailServer, type MailServerArgs } from "./mail-server";
import { backupMxOf } from "./reach/references";
import { refusal } from "./settings/refusal";

/** Arguments of a {@link checkedMailServer}. */
export interface CheckedMailServerArgs extends Omit<MailServerArgs, "past"> {
  /** The token of the Linode provider, to look at the account before the first host is made. Default: not looked at. */
  linodeToken?: pulumi.Output<string>;
}

const unseen = (error: Error) => [`The present DNS was not looked at: ${error.message}`];

/**
 * A mail server that knows the last `up` of the stack by its outputs, and is looked at before anything is made. The
 * program makes it, and the component package for programs in other languages.
 * @throws pulumi.RunError with a line for everything that only a person can put right.
 */
export async function checkedMailServer(
  name: string,
  { linodeToken, ...args }: CheckedMailServerArgs,
  options?: pulumi.ComponentResourceOptions,
): Promise<MailServer> {
  const { settings } = args;
  const past = await checkedPast(settings, args);
  const unusable = !past && linodeToken ? await unusableAccount(linodeToken) : [];
  if (unusable.length > 0) throw refusal("Nothing was changed:", unusable);
  const warnings = [
    ...beforeReplacing(past, settings),
    ...weakerDmarc(past, settings),
    ...withoutBackup(settings),
    ...onlyLocalAlerts(settings, args.alertUrls),
  ];
  for (const line of warnings) await pulumi.log.warn(line);
  const { former } = publishedNames(settings, past);
  for (const line of staysPublished(former.kept, former.keys)) await pulumi.log.info(line);
  // What `up` makes of it is `mailstack status`'s to say: the DNS changes meanwhile.
  const looking = pulumi.runtime.isDryRun() ? foreignRecords(publishedNames(settings, past), past).catch(unseen) : [];
  const { backupStack } = settings;
  const backupMx = args.backupMx ?? (backupStack === "" ? undefined : await backupMxOf(backupStack));
  const server = new MailServer(name, { ...args, backupMx, past }, options);
  for (const line of await looking) await pulumi.log.warn(line);
  return server;
}

/** The outputs of a stack with one mail server. The next `up` reads some of them, by these names. */
export function outputsOf(server: MailServer) {
  return {
    /** Name of the mail host: the server that mail programs ask for, IMAP on 993 and SMTP on 465. */
    hostname: server.hostname,
    ipv4: server.ipv4,
    /** Where users read and write mail in the browser. */
    webmail: server.webmail,
    /** Empty with `mailstack:ipv6` false. */
    ipv6: server.ipv6,
    hostKey: server.hostKey,
    dkim: server.dkim,
    /** Every record of each domain in zone-file form; for you to make with `mailstack:dnsProvider` none. */
    zones: server.zones,
    /** For the stack of a backup MX. */
    relayFor: server.relayFor,
    /** For the next `up`. */
    history: server.history,
    /** For an administrator's own SSH; shown by `pulumi stack output deployKey --show-secrets` only. */
    deployKey: server.deployKey,
    /** Keep a copy outside the stack: `pulumi stack output backupPassword --show-secrets`. */
    backupPassword: server.backupPassword,
    /** For the backup server's authorized_keys. */
    backupPublicKey: server.backupPublicKey,
  };
}
