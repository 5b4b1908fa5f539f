import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host";
import { Service } from "../host/service";
import type { Bundle } from "../rendering/bundle";
import type { Settings } from "../settings/schema";
import { pluginPackages, renderCertificate, type Challenge } from "./certificate.render";
import { renderExistingCertificate } from "./existing-certificate.render";

/** What the stack's settings say about the certificate. */
export type CertificateChoice = Pick<
  Settings,
  | "os"
  | "domain"
  | "domains"
  | "administrator"
  | "acmeDirectory"
  | "dnsProvider"
  | "certificate"
  | "certificateFile"
  | "certificateKeyFile"
  | "dane"
>;

/** The certificate of the host, from where the settings say. */
export class Certificate extends Service {
  /** @param names - Host names that it must be good for, the host's own first. */
  constructor(
    name: string,
    host: Host,
    settings: CertificateChoice,
    names: string[],
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const bundle = certificateBundle(settings, names);
    super(name, { type: "web:Certificate", service: "certificate", host, bundle }, opts);
  }
}

/** The bundle `certificate` of a stack. */
export function certificateBundle(settings: CertificateChoice, names: string[]): Bundle {
  const { os: system, certificateFile: chain, certificateKeyFile: key } = settings;
  const challenge = challengeOf(settings);
  if (!challenge) return renderExistingCertificate({ system, names, chain, key });
  const { administrator: email, acmeDirectory: directory } = settings;
  return renderCertificate({ system, names, email, directory, challenge, keepKey: settings.dane });
}

/** Packages of the stack's way to get its certificate, beside certbot. */
export function challengePackages(settings: CertificateChoice): string[] {
  const challenge = challengeOf(settings);
  return challenge ? pluginPackages(challenge) : [];
}

function challengeOf(settings: CertificateChoice): Challenge | undefined {
  const { certificate, dnsProvider: provider } = settings;
  if (certificate === "existing") return undefined;
  if (certificate === "http-01") return { kind: "http-01" };
  if (provider === "none") throw new Error("a certificate by dns-01 needs a DNS provider");
  return { kind: "dns-01", provider, domains: [settings.domain, ...settings.domains.map(({ name }) => name)] };
}
