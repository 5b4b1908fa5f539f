import type { Bundle } from "../rendering/bundle";

/** A mailbox. */
export interface MailboxSettings {
  /** Full address, lower case, in one of the domains. */
  address: string;
  /** Mailbox limit in MiB. */
  quotaMb: number;
  /** Raising it sets a new generated password on the host, once. */
  passwordVersion: number;
}

/** An alias. */
export interface AliasSettings {
  /** Full address, lower case, in one of the domains; `@domain` is a catch-all. */
  address: string;
  /** Full addresses, anywhere. */
  destinations: string[];
}

/** Settings of the accounts. */
export interface AccountsSettings {
  /** Hosted mail domains. */
  domains: string[];
  users: MailboxSettings[];
  aliases: AliasSettings[];
  /** One of the users; gets the mail to root, postmaster, abuse and the like of every domain. */
  administrator: string;
}

export function renderAccounts(_settings: AccountsSettings): Bundle {
  throw new Error("not written yet");
}
