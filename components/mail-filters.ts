import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "./host/host";
import { ClamAv } from "./mail/clamav";
import { clamAvDebconf, clamAvPackages } from "./mail/clamav.render";
import { SpamAssassin } from "./mail/spamassassin";
import { spamAssassinPackages } from "./mail/spamassassin.render";
import type { Settings } from "./settings/schema";

/** What the filters beside Rspamd need. */
export interface FiltersArgs {
  settings: Settings;
  host: Host;
  /** Made first. */
  after: pulumi.Resource;
  parent: pulumi.Resource;
}

/** Packages of the filters that the stack has. */
export function filterPackages({ clamav, spamAssassin }: Settings): string[] {
  return [...(clamav ? clamAvPackages : []), ...(spamAssassin ? spamAssassinPackages : [])];
}

/** Answers for debconf that go with {@link filterPackages}. */
export function filterAnswers({ clamav }: Settings): string[] {
  return clamav ? clamAvDebconf : [];
}

/**
 * The filters that are on, or those that are off: they are there before Rspamd asks them, and go after it has stopped to.
 * Those that are off too, since only their bundle stops what is there.
 * @param name - What every resource's name begins with.
 * @returns the last of them, or what was before them.
 */
export function setUpFilters(name: string, args: FiltersArgs, enabled: boolean): pulumi.Resource {
  const { host, parent } = args;
  const { clamav, spamAssassin, messageSizeLimitMb } = args.settings;
  let last = args.after;
  const options = () => ({ parent, dependsOn: [last] });
  if (clamav === enabled) last = new ClamAv(`${name}-clamav`, host, { enabled, messageSizeLimitMb }, options());
  if (spamAssassin === enabled) last = new SpamAssassin(`${name}-spamassassin`, host, { enabled }, options());
  return last;
}
