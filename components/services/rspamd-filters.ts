import type { HostFile, HostUnit } from "../deployment/bundle";
import { filesFrom } from "../deployment/files";

/** Where clamd answers Rspamd; Debian's own path, which its AppArmor profile allows. */
export const clamdSocket = "/run/clamav/clamd.ctl";
/** Where spamd answers Rspamd. */
export const spamdSocket = "/run/spamd/spamd.sock";

/** clamd answers nobody while it takes new signatures in, half a minute a day. Who waits longer is put off. */
const clamdSeconds = 40;
/** Below Rspamd's limit for a whole message, which is 8 s where the virus scanner is off. */
const spamdSeconds = 6;
/** Both, and Rspamd's own work. Less than the milter's 60 s. */
export const taskSeconds = clamdSeconds + spamdSeconds + 4;

/** A unit of a filter that is off: it is stopped if a deployment has installed its package. */
export function unitOff(onlyWith: string): HostUnit {
  return { onChange: "none", running: false, onlyWith };
}

/** Filters beside Rspamd's own rules, which it asks. */
export interface RspamdFilters {
  /** Ask ClamAV. Only what it has looked at passes. */
  clamav: boolean;
  /** Ask SpamAssassin. Without an answer Rspamd's own verdict counts. */
  spamAssassin: boolean;
}

/** Rspamd's files about the filters that the stack has. */
export function filterFiles({ clamav, spamAssassin }: RspamdFilters): Record<string, HostFile> {
  const local = "/etc/rspamd/local.d";
  return {
    ...(clamav
      ? filesFrom(
          "rspamd",
          { [`${local}/antivirus.conf`]: {}, "/etc/rspamd/rspamd.local.lua": {} },
          { clamdSocket, clamdSeconds },
        )
      : {}),
    ...(spamAssassin
      ? filesFrom(
          "rspamd",
          { [`${local}/external_services.conf`]: {}, [`${local}/groups.conf`]: {} },
          { spamdSocket, spamdSeconds },
        )
      : {}),
  };
}
