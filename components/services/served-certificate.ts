import type { HostCheck } from "../deployment/bundle";
import type { Stack } from "./stack";
import { certificatePaths } from "./tls";

/** The program of the service `certificate`, however it gets the certificate. */
export const certificateProgram = "/usr/local/libexec/mailstack/certificate";

/** Units that serve the certificate: each reads it when it starts or reloads. */
export function certificateUnits({ system, relayFor }: Pick<Stack, "system" | "relayFor">): string[] {
  return [system.postfixUnit, ...(relayFor ? [] : ["dovecot.service"]), "nginx.service"];
}

/** The certificate is good for each name. Not `x509 -checkhost`: it ends with 0 whatever it finds. */
export function namesFit(names: string[]): HostCheck[] {
  const { chain } = certificatePaths;
  const verify = ["openssl", "verify", "-partial_chain", "-trusted", chain];
  return names.map((name) => ({ run: [...verify, "-verify_hostname", name, chain], timeoutSeconds: 2 }));
}
