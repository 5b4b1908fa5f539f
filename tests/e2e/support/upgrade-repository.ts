import type { System } from "../../../local-cloud/peer/system";

/**
 * Shell script that makes two package repositories in a folder of the host, one that says it is Debian's security
 * updates and one that says it is Debian's stable release; each has version 2 of a package whose version 1 it installs.
 * With `APT_CONFIG` set to `FOLDER/apt.conf`, apt knows these two and no other.
 */
export function makeUpgradeRepository(folder: string, codename: string): string {
  const repository = (name: string, label: string, code: string) => `
    mkdir -p ${folder}/${name}
    for version in 1 2; do
      root=${folder}/build; mkdir -p $root/DEBIAN
      printf 'Package: mailstack-test-${name}\\nVersion: %s\\nArchitecture: all\\nMaintainer: test\\nDescription: test\\n' \\
        $version > $root/DEBIAN/control
      printf '#!/bin/sh\\ntest "$2" != 1 || touch /run/reboot-required\\n' > $root/DEBIAN/postinst
      chmod 0755 $root/DEBIAN/postinst
      dpkg-deb --build --root-owner-group $root ${folder}/${name}-$version.deb >/dev/null
      rm -r $root
    done
    dpkg --install ${folder}/${name}-1.deb >/dev/null
    mv ${folder}/${name}-2.deb ${folder}/${name}
    cd ${folder}/${name}
    dpkg-deb --field ${name}-2.deb > Packages
    printf 'Filename: ./${name}-2.deb\\nSize: %s\\nSHA256: %s\\n' $(stat -c %s ${name}-2.deb) \\
      $(sha256sum ${name}-2.deb | cut -d ' ' -f 1) >> Packages
    printf 'Origin: Debian\\nLabel: ${label}\\nSuite: ${code}\\nCodename: ${code}\\nSHA256:\\n %s %s Packages\\n' \\
      $(sha256sum Packages | cut -d ' ' -f 1) $(stat -c %s Packages) > Release
    echo 'deb [trusted=yes] file:${folder}/${name} ./' >> ${folder}/sources.list`;
  return `rm -rf ${folder}; mkdir -p ${folder}/lists/partial
    ${repository("security", "Debian-Security", `${codename}-security`)}
    ${repository("other", "Debian", codename)}
    ${aptConfig(folder)}`;
}

/** A package of the distribution with those of its files that are not as it brought them. */
export interface ChangedPackage {
  name: string;
  paths: string[];
}

/** Each package of the host that has such files: dpkg would ask about them before it installs another version. */
export async function changedPackages(system: System): Promise<ChangedPackage[]> {
  const shown = await system.must(["dpkg-query", "--show", "--showformat", "${Package}\n${Conffiles}\n"]);
  const files: { package: string; path: string; sum: string }[] = [];
  let name = "";
  for (const line of shown.split("\n").filter(Boolean)) {
    // A third word says that the package brings the file no more.
    const [path = "", sum = "", more] = line.trim().split(" ");
    if (!line.startsWith(" ")) name = line;
    else if (more === undefined) files.push({ package: name, path, sum });
  }
  // Exit code 1: some are not there any more.
  const { stdout } = await system.exec(["md5sum", ...files.map(({ path }) => path)]);
  const sums = new Map(stdout.split("\n").map((line) => [line.slice(34), line.slice(0, 32)]));
  const changed = files.filter(({ path, sum }) => sums.has(path) && sums.get(path) !== sum);
  const names = [...new Set(changed.map((file) => file.package))];
  return names.map((name) => ({
    name,
    paths: changed.filter((file) => file.package === name).map(({ path }) => path),
  }));
}

/**
 * Shell script that makes a repository of security updates: a new version of each of these packages that brings another
 * text for the files, and one that cannot be installed. For `APT_CONFIG` as above.
 * @param suffix - Of the new versions.
 */
export function makeConffileRepository(
  folder: string,
  codename: string,
  packages: ChangedPackage[],
  suffix: string,
): string {
  const newer = ({ name, paths }: ChangedPackage) => `
    apt-get download -q ${name}=$(apt-cache madison ${name} | awk '{ print $3; exit }') >/dev/null
    dpkg-deb --raw-extract ${name}_*.deb ${name}
    sed -i 's/^Version: .*/&${suffix}/' ${name}/DEBIAN/control
    for path in ${paths.join(" ")}; do echo '# ${suffix}' >> ${name}$path; done
    dpkg-deb -Znone --build --root-owner-group ${name} ${folder}/security/${name}.deb >/dev/null`;
  return `rm -rf ${folder}; mkdir -p ${folder}/lists/partial ${folder}/build ${folder}/security
    cd ${folder}/build; chown _apt .
    ${packages.map(newer).join("")}
    for version in 1 2; do
      mkdir -p held-$version/DEBIAN
      printf 'Package: mailstack-test-held\\nVersion: %s\\nArchitecture: all\\nMaintainer: test\\nDescription: test\\n' \\
        $version > held-$version/DEBIAN/control
    done
    echo 'Depends: mailstack-not-there' >> held-2/DEBIAN/control
    dpkg-deb --build --root-owner-group held-1 held-1.deb >/dev/null
    dpkg --install held-1.deb >/dev/null
    dpkg-deb --build --root-owner-group held-2 ${folder}/security/held.deb >/dev/null
    cd ${folder}/security
    for deb in *.deb; do
      dpkg-deb --field $deb
      printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' $deb $(stat -c %s $deb) $(sha256sum $deb | cut -d ' ' -f 1)
    done > Packages
    printf 'Origin: Debian\\nLabel: Debian-Security\\nSuite: ${codename}-security\\nCodename: ${codename}-security\\n' > Release
    printf 'SHA256:\\n %s %s Packages\\n' $(sha256sum Packages | cut -d ' ' -f 1) $(stat -c %s Packages) >> Release
    echo 'deb [trusted=yes] file:${folder}/security ./' > ${folder}/sources.list
    ${aptConfig(folder)}`;
}

function aptConfig(folder: string): string {
  return `cat > ${folder}/apt.conf <<END
Dir::Etc::SourceList "${folder}/sources.list";
Dir::Etc::SourceParts "${folder}/none";
Dir::State::Lists "${folder}/lists";
Dir::Cache::PkgCache "";
Dir::Cache::SrcPkgCache "";
END`;
}
