import { checkServices, isEnabled, portsOf, type OpenPort, type ServiceSpec } from "../deployment/define-service";
import { access } from "./access";
import { accounts } from "./accounts";
import { alerts } from "./alerts";
import { autoconfig } from "./autoconfig";
import { backup } from "./backup";
import { certificate } from "./certificate";
import { clamAv } from "./clamav";
import { connectionsOf } from "./connections";
import { dovecot } from "./dovecot";
import { fail2ban } from "./fail2ban";
import { kernel } from "./kernel";
import { lockout } from "./lockout";
import { logs } from "./logs";
import { mailGuard } from "./mail-guard";
import { mailboxQuota } from "./mailbox-quota";
import { mtaSts } from "./mta-sts";
import { nginx } from "./nginx";
import { packagesFor } from "./packages";
import { postfix } from "./postfix";
import { redis } from "./redis";
import { relay } from "./relay";
import { resolver } from "./resolver";
import { restoreMail, restoreStateOf } from "./restore";
import { roundcube } from "./roundcube";
import { rspamd } from "./rspamd";
import { senders } from "./senders";
import { spamAssassin } from "./spamassassin";
import { srs } from "./srs";
import type { Stack } from "./stack";
import { swap } from "./swap";
import { tls } from "./tls";
import { ufwOf } from "./ufw";
import { upgrades } from "./upgrades";
import { volume } from "./volume";

/** The machine itself, before the services: their first lines are logged too. */
const machine: readonly ServiceSpec<Stack>[] = [access, kernel, logs, upgrades, resolver];

/** Filters beside Rspamd's own rules. */
const filters: readonly ServiceSpec<Stack>[] = [clamAv, spamAssassin];

/**
 * Every service of a mail server, in the order in which they are made: each waits for the one before it.
 * @param added - Services of another program; they come after the mail services and before the certificate.
 * @throws Error for an added service that does not fit into the list.
 */
export function servicesOf(stack: Stack, added: readonly ServiceSpec<Stack>[] = []): ServiceSpec<Stack>[] {
  const all: ServiceSpec<Stack>[] = [];
  const services: ServiceSpec<Stack>[] = [
    ...machine,
    // Before the first service with state: a new host starts with the state of its predecessor.
    restoreStateOf(() => all),
    redis,
    // Early: Rspamd compiles its patterns after its first start, while the services that follow are set up. A filter that
    // is on is there before Rspamd asks it; one that is off goes after Rspamd has stopped asking.
    ...filters.filter((filter) => isEnabled(filter, stack)),
    rspamd,
    ...filters.filter((filter) => !isEnabled(filter, stack)),
    swap,
    // Before the accounts, which make the folder of the mail.
    ...(stack.volumeDevice === undefined ? [] : [volume]),
    accounts,
    restoreMail,
    tls,
    nginx,
    autoconfig,
    mtaSts,
    lockout,
    dovecot,
    mailboxQuota,
    mailGuard,
    srs,
    postfix,
    senders,
    roundcube,
    ...added,
    certificate,
  ];
  const inner = services.filter((spec) => isEnabled(spec, stack)).flatMap((spec) => spec.innerPorts ?? []);
  const protection = [connectionsOf(inner), ufwOf(openPorts(services, stack)), fail2ban, backup, alerts];
  all.push(packagesFor([...services, ...protection]), ...services, ...protection);
  checkServices(all, stack);
  return all;
}

/** Every service of a backup MX, in the same way. */
export function relayServicesOf(stack: Stack): ServiceSpec<Stack>[] {
  const services: ServiceSpec<Stack>[] = [...machine, redis, rspamd, swap, tls, nginx, mailGuard, relay, certificate];
  const inner = services.flatMap((spec) => spec.innerPorts ?? []);
  const protection = [connectionsOf(inner), ufwOf(openPorts(services, stack)), fail2ban, alerts];
  const all = [packagesFor([...services, ...protection]), ...services, ...protection];
  checkServices(all, stack);
  return all;
}

/** Both firewalls keep the order of their rules, so that another order would be a change; what is not named comes last. */
const portOrder = [25, 587, 465, 993, 995, 80, 443, 4190];

/** Every port that both firewalls open to the world. */
export function openPorts(services: readonly ServiceSpec<Stack>[], stack: Stack): OpenPort[] {
  const place = ({ port }: OpenPort) => (portOrder.includes(port) ? portOrder.indexOf(port) : portOrder.length + port);
  return services.flatMap((spec) => portsOf(spec, stack)).sort((a, b) => place(a) - place(b));
}
