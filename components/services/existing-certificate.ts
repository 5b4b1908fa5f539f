import type { BundleBody } from "../deployment/define-service";
import { filesFrom, program } from "../deployment/files";
import { certificateProgram, certificateUnits, namesFit } from "./served-certificate";
import type { Stack } from "./stack";

/** What the stack says about a certificate that the administrator keeps on the host. */
export type ExistingCertificateStack = Pick<Stack, "system" | "siteNames" | "certificateFile" | "certificateKeyFile">;

/**
 * The administrator's own certificate. The daemons get a copy that was checked: key and certificate are never replaced
 * at the same moment, and a wrong one must not stop a daemon. A change of the files is taken at once; the daily look is
 * for paths that are links, whose targets systemd does not watch.
 */
export function renderExistingCertificate(stack: ExistingCertificateStack): BundleBody {
  const { siteNames: names, certificateFile: chain, certificateKeyFile: key } = stack;
  const unit = (ending: string) => `/etc/systemd/system/mailstack-certificate.${ending}`;
  const settingsOfCertbot = `/etc/letsencrypt/renewal/${names[0]}.conf`;
  return {
    files: filesFrom(
      "certificate-existing",
      { [certificateProgram]: program, [unit("service")]: {}, [unit("path")]: {}, [unit("timer")]: {} },
      { chain, key, names, program: certificateProgram, units: certificateUnits(stack) },
    ),
    prepare: [[certificateProgram]],
    units: {
      "mailstack-certificate.service": { onChange: "none" },
      "mailstack-certificate.path": { onChange: "restart" },
      "mailstack-certificate.timer": { onChange: "restart" },
    },
    health: namesFit(names),
    // One that was issued before would be renewed for ever.
    after: [
      [
        ...["sh", "-c", 'test ! -e "$1" || certbot delete --non-interactive --cert-name "$2"'],
        ...["forget", settingsOfCertbot, names[0] ?? ""],
      ],
    ],
  };
}
