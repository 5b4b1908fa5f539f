import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addresses, type ImageName } from "../contracts";
import { peerImage, peerImageScript } from "../peer/image";
import { ensureAuthority, rootCertificate } from "./authority";
import { buildImage } from "./build";
import { rootKey } from "./trust-anchor";

export { certificateFor, crossSign, ensureAuthority, rootCertificate } from "./authority";
export { ensureMachinePackages } from "./machine";

const releases: Record<ImageName, string> = { debian12: "bookworm", debian13: "trixie" };

/** debootstrap's own resolver only takes packages that configure without a running system. */
const bootstrapPackages =
  "systemd,systemd-sysv,dbus,openssh-server,iproute2,ca-certificates,sudo,python3-minimal,udev,cron,locales";

const sources = (release: string) => `
cat > /etc/apt/sources.list <<END
deb http://deb.debian.org/debian ${release} main
deb http://deb.debian.org/debian ${release}-updates main
deb http://deb.debian.org/debian-security ${release}-security main
END
printf 'Acquire::Languages "none";\\n' > /etc/apt/apt.conf.d/02languages
`;

/** What makes a stock system believe in the local internet: its root authority, its DNS root, its apt cache. */
function belief(): string {
  return `
rm -f /etc/ssh/ssh_host_*
cat > /usr/local/share/ca-certificates/mailstack-local-cloud.crt <<'END'
${readFileSync(rootCertificate, "utf8").trim()}
END
update-ca-certificates
# The package dns-root-data brings the real root; it may install beside ours, not over it.
mkdir -p /usr/share/dns
for file in root.key root.hints root.ds; do
  dpkg-divert --quiet --local --no-rename --divert /usr/share/dns/$file.real --add /usr/share/dns/$file
done
printf '%s\\n' '${rootKey().anchor}' > /usr/share/dns/root.key
printf '. 3600000 NS a.root-servers.net.\\na.root-servers.net. 3600000 A ${addresses.dns}\\n' > /usr/share/dns/root.hints
printf 'Acquire::http::Proxy "http://${addresses.aptProxy}:3142";\\n' > /etc/apt/apt.conf.d/01proxy
# Unbound takes the documentation networks for private ones and would answer for their reverse zone itself.
mkdir -p /etc/unbound/unbound.conf.d
printf 'server:\\n  local-zone: "100.51.198.in-addr.arpa." nodefault\\n' > /etc/unbound/unbound.conf.d/local-cloud.conf
`;
}

/** Where Linode's images have an EFI machine with cloud-init, these have a seed folder and no network set-up to do. */
const cloudInit = `
cat > /etc/cloud/cloud.cfg.d/90-local-cloud.cfg <<END
datasource_list: [NoCloud]
# The default, en_US.UTF-8, would have to be generated first.
locale: C.UTF-8
network: {config: disabled}
END
`;

/** Path of an image's root file system, built first where it is missing. @throws Error for an unknown name. */
export async function ensureImage(name: string, progress: (line: string) => void): Promise<string> {
  await ensureAuthority();
  if (name === "services") return servicesImage(progress);
  if (name === "objects") return objectsImage(progress);
  if (name === peerImage.name) {
    const from = await ensureImage(peerImage.base, progress);
    const inside = `rm -f /etc/apt/apt.conf.d/01proxy\n${peerImageScript()}\n${belief()}`;
    return buildImage({ name, from, release: releases.debian12, inside }, progress);
  }
  if (!(name in releases)) throw new Error(`unknown image "${name}"; there are ${Object.keys(releases).join(", ")}`);
  const release = releases[name as ImageName];
  return buildImage(
    {
      name,
      release,
      outside: `debootstrap --variant=minbase --cache-dir="$ROOT/../../debs/${release}" --include=${bootstrapPackages} ${release} "$ROOT" http://deb.debian.org/debian`,
      inside: `${sources(release)}
apt-get update -qq
apt-get install -y -qq --no-install-recommends cloud-init
${cloudInit}${belief()}`,
    },
    progress,
  );
}

/** The cloud's own daemons, in a folder of their own: nothing of them is installed or started on this machine. */
async function servicesImage(progress: (line: string) => void): Promise<string> {
  const from = await ensureImage("debian12", progress);
  const inside = `rm -f /etc/apt/apt.conf.d/01proxy
apt-get update -qq
apt-get install -y -qq --no-install-recommends pdns-server pdns-backend-sqlite3 sqlite3 pebble apt-cacher-ng`;
  return buildImage({ name: "services", from, release: releases.debian12, inside }, progress);
}

/** Python of the image's Debian release. */
const pythonVersion = "3.11";

/**
 * The S3 server's Python packages, from this machine's package index; by their hashes, so the same ones everywhere.
 */
async function objectsImage(progress: (line: string) => void): Promise<string> {
  const from = await ensureImage("debian12", progress);
  const requirements = readFileSync(join(__dirname, "../object-store/requirements.txt"), "utf8");
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const platforms = ["manylinux2014", "manylinux_2_28"].map((tag) => `--platform ${tag}_${machine}`).join(" ");
  const outside = `list=$(mktemp)
trap 'rm -f "$list"' EXIT
cat > "$list" <<'END'
${requirements.trim()}
END
/usr/bin/pip3 install --quiet --disable-pip-version-check --no-deps --require-hashes \
  --only-binary=:all: --python-version ${pythonVersion} ${platforms} \
  --no-compile --target "$ROOT/opt/object-store" --requirement "$list"`;
  const inside = `rm -f /etc/apt/apt.conf.d/01proxy
apt-get update -qq
apt-get install -y -qq --no-install-recommends python3
python3 -m compileall -q /opt/object-store`;
  return buildImage({ name: "objects", from, release: releases.debian12, outside, inside }, progress);
}
