# Packages and accounts of the peer. Runs in a chroot of the Debian 12 base image, where no service can start.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# dbconfig-no-thanks: OpenDMARC would otherwise bring a MySQL client for reports that nobody makes.
apt-get install -y -qq --no-install-recommends \
  dbconfig-no-thanks exim4-daemon-heavy opendkim opendmarc publicsuffix python3-spf python3-dkim \
  swaks libnet-ssleay-perl libnet-dns-perl openssl unbound
adduser --system --group --no-create-home --home /var/mail/peer peermail
install -d -o peermail -g peermail -m 0755 /var/mail/peer
# Nothing of an instance's first boot is needed, and programs are run from outside, not over SSH: it is up in a second.
touch /etc/cloud/cloud-init.disabled
systemctl disable --quiet ssh
# Exim runs as peer-exim.service; the others start when they are configured.
systemctl disable --quiet exim4 opendkim opendmarc unbound
systemctl mask --quiet exim4 exim4-base.timer
