import { debconfOf, defineService, packagesOf, type BundleBody, type ServiceSpec } from "../deployment/define-service";
import type { Stack } from "./stack";

/** For whoever looks after the host: the database of accounts is readable with it. */
const tools = ["sqlite3"];

const mainCf = "/etc/postfix/main.cf";

/** All packages of a stack's services, so that apt works once. */
export function packagesFor(services: readonly ServiceSpec<Stack>[]) {
  return defineService({
    name: "packages",
    type: "host:Packages",
    packages: (stack: Stack) => [...new Set([...tools, ...services.flatMap((spec) => packagesOf(spec, stack))])].sort(),
    debconf: (stack: Stack) => services.flatMap((spec) => debconfOf(spec, stack)),
    render,
  });
}

function render(): BundleBody {
  return {
    files: {},
    // Postfix's unit generator runs at each reload of systemd; it waits a second or two for a main.cf that is not there
    // or has just changed.
    prepare: [
      ["sh", "-c", `test -e ${mainCf} || touch -d "1 minute ago" ${mainCf}`],
      // The provider's image is as old as it is; from now on updates come by night.
      ["/usr/local/sbin/mailstack", "first-upgrade"],
    ],
  };
}
