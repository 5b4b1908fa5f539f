import { execa } from "execa";
import { addresses } from "../../../local-cloud/contracts";
import { linkName } from "../../../local-cloud/hosts/link";
import { cloudNamespace, hostNamespace } from "../../../local-cloud/places";
import { testCloud, type Server } from "./servers";

/** Does the work while something is broken, and mends it whatever comes of the work. */
type While = <T>(server: Server, work: () => Promise<T>) => Promise<T>;

/** The host's cable is out. */
export const withLinkDown: While = async (server, work) => {
  const link = linkName(server.namespace.slice(hostNamespace(testCloud, "").length));
  const inCloud = (...words: string[]) => execa("ip", ["-n", cloudNamespace(testCloud), ...words]);
  const ipv6 = await server.ipv6();
  await inCloud("link", "set", link, "down");
  try {
    return await work();
  } finally {
    await inCloud("link", "set", link, "up");
    // The kernel drops the routes of a link that goes down, and its IPv6 addresses.
    await inCloud("route", "add", `${server.ipv4}/32`, "dev", link, "src", addresses.gateway);
    await inCloud("address", "add", `${addresses.router6}/64`, "dev", link, "nodad");
    await inCloud("route", "add", `${ipv6}/128`, "dev", link, "src", addresses.gateway6);
  }
};

/** Somebody with another key answers at the host's address. */
export const withOtherHostKey: While = async (server, work) => {
  const shell = (script: string) => server.system.must(["sh", "-ec", script]);
  await shell(`mkdir -m 0700 /root/own-key
    mv /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key.pub /root/own-key
    ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
    systemctl restart ssh`);
  try {
    return await work();
  } finally {
    await shell(`mv /root/own-key/* /etc/ssh; rmdir /root/own-key; systemctl restart ssh`);
  }
};

/** The disk below a folder of the host has not one block left; what the folder held is there. */
export async function withFullDisk<T>(server: Server, folder: string, work: () => Promise<T>): Promise<T> {
  const shell = (script: string) => server.system.must(["sh", "-ec", script]);
  await shell(`cp -a ${folder} /root/whole
    mount -t tmpfs -o size=1m,mode=$(stat -c %a ${folder}) tmpfs ${folder}`);
  try {
    await shell(`cp -a /root/whole/. ${folder}
      if dd if=/dev/zero of=${folder}/filler bs=4096 2>/tmp/dd; then exit 1; fi
      grep -q "No space left" /tmp/dd
      rm /tmp/dd`);
    const result = await work();
    await shell(`diff -r --exclude=filler /root/whole ${folder}`);
    return result;
  } finally {
    await shell(`umount ${folder}; rm -r /root/whole`);
  }
}

/**
 * The disk below a folder of the host is nearly full, until the work calls for room. The folder's content is moved to
 * that disk and back, so these units are stopped for a moment at both ends.
 */
export async function withLittleRoom<T>(
  server: Server,
  folder: string,
  units: string[],
  work: (makeRoom: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const shell = (script: string) => server.system.must(["sh", "-ec", script]);
  const all = units.join(" ");
  await shell(`${all && `systemctl stop ${all}`}
    size=$(($(du -s -B 1M ${folder} | cut -f 1) + 420))
    mkdir /root/disk; mount -t tmpfs -o size=\${size}m tmpfs /root/disk
    cp -a ${folder}/. /root/disk; chown --reference=${folder} /root/disk; chmod --reference=${folder} /root/disk
    fallocate -l $(($(df --output=avail -B 1 /root/disk | tail -n 1) - 1024 * 1024)) /root/disk/filler
    mount --bind /root/disk ${folder}
    ${all && `systemctl start ${all}`}`);
  try {
    return await work(async () => {
      await shell(`rm ${folder}/filler`);
    });
  } finally {
    await shell(`${all && `systemctl stop ${all}`}
      rm -f ${folder}/filler; umount ${folder}
      find ${folder} -mindepth 1 -delete; cp -a /root/disk/. ${folder}
      umount /root/disk; rmdir /root/disk
      ${all && `systemctl start ${all}`}`);
  }
}
