import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { mailOwner } from "./accounts";
import type { Stack } from "./stack";

const units = "/etc/systemd/system";

/** In the folder below the volume; there when nothing but the volume has mail. */
const marker = `${mailOwner.home}/.mailstack-volume`;

/**
 * Mail on a volume: formatted once, mounted at {@link mailOwner}'s home, enlarged when it grew. What has to be undone
 * when it fails is done last, when nothing of the bundle can fail any more. Before accounts and Dovecot.
 */
export const volume = defineService({
  name: "volume",
  type: "mail:Volume",
  packages: ["rsync", "xfsprogs"],
  modules: ["daemons/mail_volume.py"],
  waitsFor: "volume",
  render,
});

function render(stack: Pick<Stack, "volumeDevice" | "volumeGb">): BundleBody {
  const { volumeDevice: device, volumeGb: sizeGb } = stack;
  if (device === undefined) throw new Error("the service volume needs volumeDevice");
  const parameters = { device, "size-gb": `${sizeGb}`, mail: mailOwner.home, marker };
  const words = Object.entries(parameters).flatMap(([name, value]) => [`--${name}`, value]);
  const program = (what: string) => ["/usr/local/sbin/mailstack", "mail-volume", what, ...words];
  return {
    files: filesFrom(
      "volume",
      {
        [`${units}/var-vmail.mount`]: {},
        [`${units}/mailstack-volume-grow.service`]: {},
        [`${units}/dovecot.service.d/volume.conf`]: {},
      },
      { device, sizeGb, mail: mailOwner.home, marker },
    ),
    prepare: [program("check")],
    validate: [["systemd-analyze", "verify", `${units}/var-vmail.mount`]],
    after: [program("use")],
  };
}
