export { checkedMailServer, outputsOf, type CheckedMailServerArgs } from "./checked-mail-server";
export { BackupMx, type BackupMxArgs } from "./backup-mx";
export { checkedBackupMx, outputsOfBackupMx, type CheckedBackupMxArgs } from "./checked-backup-mx";
export { MailServer, type MailServerArgs } from "./mail-server";
export { checkedPast } from "./history/checked-past";
export type { FirstNames, History, Past } from "./history/history";
export type { Replacement } from "./history/replacement";
export { backupMxOf, primaryOf } from "./reach/references";
export { backupMxSchema, relayForSchema, type BackupExchanger, type RelayFor } from "./reach/exchange";
export type { TrustedExchanger } from "./reach/trusted";
export { backupMxSettingsSchema, type BackupMxSettings } from "./settings/backup-mx";
export { parseBackupMxSettings, parseSettings, SettingsError } from "./settings/parse";
export { readBackupMxConfig, readConfig, roleOfStack, type StackConfig } from "./settings/stack-config";
export type { AlertUrlKey } from "./settings/alerts";
export { settingsSchema, type Settings } from "./settings/schema";
export { linodeOptions } from "./cloud/provider-options";
export { Server, type ServerArgs } from "./cloud/server";
export { ReverseName, type ReverseNameArgs } from "./cloud/reverse-name";
export { CloudflareRecords, type CloudflareRecordsArgs } from "./dns/cloudflare-records";
export { LinodeRecords, type LinodeRecordsArgs } from "./dns/linode-records";
export { mailRecords, type HostFacts, type MailDomainSettings, type MailRecord } from "./dns/zone-data";
export { Host, type HostArgs, type HostCommand } from "./deployment/host";
export {
  defineService,
  type BundleBody,
  type Derived,
  type InnerPorts,
  type OpenPort,
  type ServiceSpec,
} from "./deployment/define-service";
export { Service, type ServiceArgs } from "./deployment/service";
export type { Stack } from "./services/stack";
export type { SshKey } from "./deployment/ssh-key";
export type { System, SystemName } from "./deployment/systems";
export type { DnsProviders } from "./dns/zone-check";
export type { Problem } from "./settings/problem";
export type { WebName } from "./settings/web-names";
export type {
  AccountAlias,
  AccountsData,
  AccountUser,
  Bundle,
  HostCheck,
  HostDirectory,
  HostFile,
  HostUnit,
  StateItem,
} from "./deployment/bundle";
