import { join } from "node:path";

/** Where everything of the local cloud is kept. */
export const cacheFolder = process.env.MAILSTACK_CACHE ?? "/var/cache/mailstack";
const stateRoot = process.env.MAILSTACK_STATE ?? "/var/lib/mailstack";
const runRoot = "/run/mailstack";

/** Folder of a cloud's disks, zones, API state and stacks; gone after `down --purge`. */
export const stateFolder = (cloud: string): string => join(stateRoot, cloud);
/** Folder of sockets and process records; gone after a reboot. */
export const runFolder = (cloud: string): string => join(runRoot, cloud);
/** Network namespace of the cloud. */
export const cloudNamespace = (cloud: string): string => `ms-${cloud}`;
/** Network namespace of one of its hosts. */
export const hostNamespace = (cloud: string, host: string): string => `ms-${cloud}-${host}`;
