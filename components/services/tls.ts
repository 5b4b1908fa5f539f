import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom, program } from "../deployment/files";
import type { Stack } from "./stack";

/** Where every daemon's certificate is. */
export const certificateFolder = "/etc/ssl/mailstack";

/** Where every daemon finds key and certificate. The link `live` leads to a self-signed pair, later to the real one. */
export const certificatePaths = {
  chain: `${certificateFolder}/live/fullchain.pem`,
  key: `${certificateFolder}/live/privkey.pem`,
} as const;

/**
 * The self-signed certificate, so that the daemons can start before one was issued. A bundle of its own (`tls`): it comes
 * before Dovecot and Postfix, the issuing after them.
 */
export const tls = defineService({
  name: "tls",
  type: "web:SelfSigned",
  packages: ["openssl"],
  render,
});

function render(stack: Pick<Stack, "fqdn">): BundleBody {
  const make = "/usr/local/libexec/mailstack/self-signed";
  return {
    directories: { [certificateFolder]: { owner: "root:root", mode: "0755" } },
    files: filesFrom("tls", { [make]: program }, { folder: certificateFolder, hostname: stack.fqdn }),
    prepare: [[make]],
    validate: [["openssl", "x509", "-noout", "-in", certificatePaths.chain]],
  };
}
