import { defineService } from "../deployment/define-service";
import { acmePackages, renderAcmeCertificate, type AcmeStack } from "./acme-certificate";
import { renderExistingCertificate, type ExistingCertificateStack } from "./existing-certificate";

type CertificateStack = AcmeStack & ExistingCertificateStack;

const isExisting = ({ certificate }: CertificateStack) => certificate === "existing";

/**
 * The certificate of the host, from where `mailstack:certificate` says. The last of the mail services: when the authority
 * refuses, everything else is there, with the certificate from before.
 */
export const certificate = defineService({
  name: "certificate",
  type: "web:Certificate",
  after: ["tls", "nginx"],
  packages: (stack: CertificateStack) => (isExisting(stack) ? ["openssl"] : acmePackages(stack)),
  modules: (stack: CertificateStack) => [isExisting(stack) ? "daemons/existing_certificate.py" : "keys/certificate.py"],
  // The authority asks the host by each of the names.
  waitsFor: "address",
  render: (stack: CertificateStack) =>
    isExisting(stack) ? renderExistingCertificate(stack) : renderAcmeCertificate(stack),
});
