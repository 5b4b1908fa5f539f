import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom, program as executable } from "../deployment/files";
import { mailOwner } from "./accounts";
import type { Stack } from "./stack";

const program = "/usr/local/libexec/mailstack/mail-volume";
const units = "/etc/systemd/system";

/** Labels of the file system, at most 12 characters in XFS: what is ours, and what is being formatted. */
const labels = { label: "mailstack", unfinishedLabel: "mailstacknew" };
/** Where the mail of before stays when it was moved to a volume. */
const old = `${mailOwner.home}.before-volume`;
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
  waitsFor: "volume",
  render,
});

function render(stack: Pick<Stack, "volumeDevice" | "volumeGb">): BundleBody {
  const { volumeDevice: device, volumeGb: sizeGb } = stack;
  if (device === undefined) throw new Error("the service volume needs volumeDevice");
  return {
    files: filesFrom(
      "volume",
      {
        [`${units}/var-vmail.mount`]: {},
        [`${units}/mailstack-volume-grow.service`]: {},
        [`${units}/dovecot.service.d/volume.conf`]: {},
        [program]: executable,
      },
      { device, sizeGb, mail: mailOwner.home, old, marker, ...labels },
    ),
    prepare: [[program, "check"]],
    validate: [["systemd-analyze", "verify", `${units}/var-vmail.mount`]],
    after: [[program, "use"]],
  };
}
