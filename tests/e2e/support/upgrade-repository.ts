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

/**
 * Shell script that makes a repository of security updates with two packages: rsyslog, whose new version brings another
 * text for a file that Mailstack has changed, and one that cannot be installed. For `APT_CONFIG` as above.
 */
export function makeConffileRepository(folder: string, codename: string): string {
  return `rm -rf ${folder}; mkdir -p ${folder}/lists/partial ${folder}/build ${folder}/security
    cd ${folder}/build; chown _apt .
    apt-get download -q rsyslog >/dev/null
    dpkg-deb --raw-extract rsyslog_*.deb rsyslog
    sed -i 's/^Version: .*/&+mailstack1/' rsyslog/DEBIAN/control
    echo '# A change of the distribution' >> rsyslog/etc/logrotate.d/rsyslog
    dpkg-deb --build --root-owner-group rsyslog ${folder}/security/rsyslog.deb >/dev/null
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
