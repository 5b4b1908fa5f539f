import type { SystemName } from "../host/systems";
import type { Bundle } from "../rendering/bundle";
import { filesFrom, program } from "../rendering/files";
import { certificateFolder, certificateProgram, certificateUnits, namesFit } from "./certificate.render";

/** Settings of a certificate that the administrator keeps on the host. */
export interface ExistingCertificateSettings {
  system: SystemName;
  /** Host names that it must be good for, the host's own first. */
  names: string[];
  /** Path on the host of the certificate and its chain, PEM. */
  chain: string;
  /** Path on the host of the private key, PEM without a passphrase. */
  key: string;
}

/**
 * The administrator's own certificate. The daemons get a copy that was checked: key and certificate are never replaced
 * at the same moment, and a wrong one must not stop a daemon. A change of the files is taken at once; the daily look is
 * for paths that are links, whose targets systemd does not watch.
 */
export function renderExistingCertificate(settings: ExistingCertificateSettings): Bundle {
  const { system, names, chain, key } = settings;
  const unit = (ending: string) => `/etc/systemd/system/mailstack-certificate.${ending}`;
  const settingsOfCertbot = `/etc/letsencrypt/renewal/${names[0]}.conf`;
  return {
    service: "certificate",
    packages: ["openssl"],
    files: filesFrom(
      "certificate-existing",
      { [certificateProgram]: program, [unit("service")]: {}, [unit("path")]: {}, [unit("timer")]: {} },
      { chain, key, names, folder: certificateFolder, program: certificateProgram, units: certificateUnits(system) },
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
