/** Every type of resource that the stand-in of the `linode` plugin has. */
import type { ApiResource } from "../api-resource";
import type { LinodeApi } from "./api";
import { domainResource } from "./domain";
import { domainRecordResource } from "./domain-record";
import { firewallResource } from "./firewall";
import { firewallDeviceResource } from "./firewall-device";
import { instanceResource } from "./instance";
import { objectBucketResource } from "./object-bucket";
import { objectKeyResource } from "./object-key";
import type { S3Keys } from "./object-s3";
import { rdnsResource } from "./rdns";
import { sshKeyResource } from "./ssh-key";
import { volumeResource } from "./volume";

/** By the type token of the vendor's SDK. */
export function linodeResources(
  settings: Parameters<typeof instanceResource>[0],
  keys: S3Keys = { objUseTempKeys: false },
): Record<string, ApiResource<LinodeApi>> {
  return {
    "linode:index/instance:Instance": instanceResource(settings),
    "linode:index/firewall:Firewall": firewallResource,
    "linode:index/firewallDevice:FirewallDevice": firewallDeviceResource,
    "linode:index/rdns:Rdns": rdnsResource,
    "linode:index/domain:Domain": domainResource,
    "linode:index/domainRecord:DomainRecord": domainRecordResource,
    "linode:index/sshKey:SshKey": sshKeyResource,
    "linode:index/volume:Volume": volumeResource,
    "linode:index/objectStorageBucket:ObjectStorageBucket": objectBucketResource(keys),
    "linode:index/objectStorageKey:ObjectStorageKey": objectKeyResource,
  };
}
