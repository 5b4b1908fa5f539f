import { createHash } from "node:crypto";
import { zoneId } from "./stacks";
import type { MockResourceArgs, Mocks } from "@pulumi/pulumi/runtime";

/** Address of every instance. */
export const ipv4 = "203.0.113.10";
export const ipv6 = "2001:db8::f03c:95ff:fe00:1267";
/** Id of every instance; Linode's are numbers, as text. */
export const instanceId = "4711";
/** Id of every firewall. */
export const firewallId = "815";

/** Id of a zone of another name, at Cloudflare and at Linode. */
export const foreignZone = "f".repeat(32);
export const foreignDomainId = 815_815;
/** Of the main domain at Linode. */
export const ownDomainId = 4711;

/** The secret that a resource of `@pulumi/random` holds: 32 bytes, always the same for the same name. */
export function randomBytes(name: string): Buffer {
  return createHash("sha256").update(name).digest();
}

/** Digest of the certificate's key that the host answers. */
export const servedKey = "5e".repeat(32);

/** DKIM TXT value that the host answers for a domain; a real one is longer than 255 characters, too. */
export function dkimValue(domain: string): string {
  const key = Buffer.from(`${domain} `.repeat(40)).toString("base64").slice(0, 392);
  return `v=DKIM1; k=rsa; p=${key}`;
}

/** Answers as the providers would. In a preview only what does not have to be made first is known. */
export function fakeCloud(preview: boolean): Mocks {
  return {
    newResource: (resource) => ({
      id: preview || !resource.custom ? undefined : idOf(resource),
      state: { ...resource.inputs, ...(preview ? {} : outputsOf(resource)) },
    }),
    call: ({ token, inputs }) => answerTo(token, inputs as Record<string, unknown>),
  };
}

/** Zones of the providers' accounts, by id. */
const zones: Record<string, string> = {
  [zoneId]: "ementech.co.ke",
  [foreignZone]: "somebody-else.example",
  [foreignDomainId]: "somebody-else.example",
  [ownDomainId]: "ementech.co.ke",
};

/** What the program asks without making anything: the last `up` (there was none), zones, who is behind the firewall. */
export function answerTo(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (token) {
    case "pulumi:pulumi:readStackOutputs":
      return { outputs: {} };
    case "cloudflare:index/getZone:getZone":
      return { name: zones[String(inputs.zoneId)] };
    case "linode:index/getDomain:getDomain":
      return { domain: zones[String(inputs.id)] };
    case "linode:index/getFirewall:getFirewall":
      return { devices: [{ id: 42, type: "linode", entityId: Number(instanceId) }] };
    default:
      throw new Error(`the program must not call ${token}`);
  }
}

function idOf({ type, name }: MockResourceArgs): string {
  if (type === "linode:index/instance:Instance") return instanceId;
  if (type === "linode:index/firewall:Firewall") return firewallId;
  return `id-of-${name}`;
}

function outputsOf({ type, name, inputs }: MockResourceArgs): Record<string, unknown> {
  if (type === "linode:index/instance:Instance") return { ipAddress: ipv4, ipv6: `${ipv6}/128` };
  if (type === "linode:index/objectStorageBucket:ObjectStorageBucket")
    return { s3Endpoint: `${String(inputs.region)}-1.linodeobjects.com` };
  if (type === "linode:index/objectStorageKey:ObjectStorageKey")
    return { accessKey: `access-of-${name}`, secretKey: `secret-of-${name}` };
  if (type === "random:index/randomPassword:RandomPassword") return { result: randomBytes(name).toString("hex") };
  if (type === "command:remote:Command") return { stdout: answerOf(inputs), stderr: "" };
  return {};
}

/** What the `mailstack` program prints: the DKIM keys for Rspamd's bundle, the digest of the certificate's key. */
function answerOf(inputs: { create: string; stdin?: string }): string {
  if (!/\bmailstack apply /.test(inputs.create)) return "";
  const bundle = JSON.parse(inputs.stdin ?? "{}") as { outputs?: Record<string, string[]> };
  const outputs = Object.keys(bundle.outputs ?? {}).map((name) => [
    name,
    name === "served key" ? servedKey : dkimValue(name.replace(/^dkim /, "")),
  ]);
  return JSON.stringify({ outputs: Object.fromEntries(outputs) });
}
