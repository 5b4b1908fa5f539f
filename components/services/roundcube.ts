import { sandbox } from "../deployment/sandbox";
import { webmailAddress, webmailUser as user } from "./webmail-address";
import { accountsDatabase } from "./accounts";
import type { Bundle } from "../deployment/bundle";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom, pluginFile, program } from "../deployment/files";
import { webmailName } from "../settings/web-names";
import { nginxPackages, nginxSite, nginxSiteParts, nginxSnippets } from "./nginx";
import type { Stack } from "./stack";

/** What the webmail's files are made from. */
type RoundcubeStack = Pick<Stack, "system" | "webmail" | "fqdn" | "domain" | "messageSizeLimitMb">;

const roundcubePackages = [
  "php-fpm",
  "php-sqlite3",
  "php-xml",
  "php-zip",
  "roundcube-core",
  "roundcube-plugins",
  "roundcube-sqlite3",
];

/** The package makes no database and sets up no web server: ours run under a user of their own. */
const roundcubeDebconf = [
  "roundcube-core roundcube/dbconfig-install boolean false",
  "roundcube-core roundcube/reconfigure-webserver multiselect",
];

/** Name of the secret with which Roundcube encrypts the passwords of its sessions. */
export const roundcubeKey = "roundcube-des-key";

const state = "/var/lib/mailstack-webmail";
/** The program and its files, as the package installs them. */
const root = "/var/lib/roundcube/public_html";
/** For {@link gatewayUser} alone, and not in `/run/php`, which is every other site's to change. */
const fpmSocket = "/run/mailstack-webmail-php.sock";
const fpmLoginSocket = "/run/mailstack-webmail-login-php.sock";
/** Speaks FastCGI to PHP, HTTP to nginx; see templates/roundcube/etc/nginx/mailstack/webmail-gateway.conf.mustache. */
const gatewayUser = "mailstack-webmail";
const gatewayUnit = "mailstack-webmail.service";
const gatewayFolder = "/run/mailstack-webmail";
const gatewaySocket = `${gatewayFolder}/http.sock`;
const gatewayConfiguration = "/etc/nginx/mailstack/webmail-gateway.conf";
const runtimeFolders = "/etc/tmpfiles.d/mailstack-webmail.conf";
const passwordSocket = "/run/mailstack-password.sock";
const configuration = "/etc/roundcube/config.inc.php";
/** The headers of its pages. */
const headers = "/etc/nginx/mailstack/webmail-headers.conf";
const plugin = "/var/lib/roundcube/plugins/mailstack/mailstack.php";
const check = "/usr/local/libexec/mailstack/webmail-check";
const units = "/etc/systemd/system";
/** `VERSION` is PHP's, and part of the path on the host. */
const pool = "/etc/php/VERSION/fpm/pool.d/mailstack-webmail.conf";
const fpmDropIn = `${units}/phpVERSION-fpm.service.d/mailstack.conf`;
/** Debian's timers run them as the user of every other site. */
const cleaners = ["roundcube-gc.service", "roundcube-cleandb.service"] as const;

/** How much of a message a file may be: it grows by a third in transit, and there is text beside it. */
const fileShare = 0.7;

/**
 * Roundcube behind nginx and a gateway, in a pool of PHP processes of its own user that start when somebody comes. It never sees the
 * database of accounts: a password is changed by a program that systemd starts for each change (host/mailstack/daemons/poppassd.py).
 */
export const roundcube = defineService({
  name: "roundcube",
  type: "web:Roundcube",
  after: ["nginx", "dovecot", "postfix"],
  enabled: ({ webmail }) => webmail,
  packages: [...nginxPackages, ...roundcubePackages],
  debconf: roundcubeDebconf,
  whenOff: { units: nginxSiteParts.units },
  render,
});

function render(stack: RoundcubeStack): BundleBody {
  const { phpFpmUnit, phpVersion } = stack.system;
  return {
    groups: { [user]: {}, [gatewayUser]: {} },
    users: { [user]: { group: user, home: state }, [gatewayUser]: { group: gatewayUser } },
    directories: {
      [state]: { owner: `${user}:${user}`, mode: "0700" },
      [`${state}/temp`]: { owner: `${user}:${user}`, mode: "0700" },
    },
    files: files(stack, phpVersion),
    // The second makes the database where there is none, and brings it to the version of the package.
    prepare: [
      ["systemd-tmpfiles", "--create", runtimeFolders],
      [
        ...["runuser", "-u", user, "--", "/usr/share/roundcube/bin/updatedb.sh"],
        ...["--package=roundcube", "--dir=/usr/share/roundcube/SQL"],
      ],
    ],
    validate: [
      ["php", "-l", configuration],
      ["php", "-l", plugin],
      [`php-fpm${phpVersion}`, "-t"],
      // Not as root, who would give away the folders that it names.
      ["runuser", "-u", gatewayUser, "--", "nginx", "-t", "-q", "-e", "stderr", "-c", gatewayConfiguration],
      ...nginxSiteParts.validate,
    ],
    units: {
      [phpFpmUnit]: { onChange: "reload" },
      [gatewayUnit]: { onChange: "restart" },
      "mailstack-password.socket": { onChange: "restart" },
      ...nginxSiteParts.units,
    },
    health: [{ run: [check] }],
    state: [{ kind: "sqlite", path: `${state}/roundcube.db`, owner: `${user}:${user}`, mode: "0640" }],
    // Between the installation of the package and this, its timer found no database.
    after: [["systemctl", "reset-failed", ...cleaners]],
  };
}

function files(stack: RoundcubeStack, phpVersion: string): Bundle["files"] {
  const { fqdn: hostname, domain, messageSizeLimitMb } = stack;
  const site = webmailName(domain);
  const made = filesFrom(
    "roundcube",
    {
      [configuration]: { owner: `root:${user}`, mode: "0640" },
      [pool]: {},
      [fpmDropIn]: {},
      [nginxSite("webmail")]: {},
      [gatewayConfiguration]: {},
      [`${units}/${gatewayUnit}`]: {},
      [runtimeFolders]: {},
      [headers]: {},
      [`${units}/mailstack-password.socket`]: {},
      [`${units}/mailstack-password@.service`]: {},
      ...Object.fromEntries(cleaners.map((unit) => [`${units}/${unit}.d/mailstack.conf`, {}])),
      [check]: program,
    },
    {
      sandbox,
      headers,
      commonHeaders: nginxSnippets.headers,
      user,
      state,
      site,
      sitePattern: site.replaceAll(".", "\\."),
      hostname,
      domain,
      fpmSocket,
      root,
      program: `${root}/index.php`,
      gatewayUser,
      gatewayFolder,
      gatewaySocket,
      gatewayConfiguration,
      fpmLoginSocket,
      pools: [
        { pool: "mailstack-webmail", socket: fpmSocket },
        { pool: "mailstack-webmail-login", socket: fpmLoginSocket },
      ],
      webmailAddress,
      passwordSocket,
      secret: `@@secret:${roundcubeKey}@@`,
      accountsFolder: accountsDatabase.replace(/\/[^/]*$/, ""),
      messageSizeLimitMb,
      fileLimitKb: Math.floor(messageSizeLimitMb * 1024 * fileShare),
    },
  );
  const named = Object.entries(made).map(([path, file]) => [path.replace("VERSION", phpVersion), file] as const);
  return { ...Object.fromEntries(named), [plugin]: pluginFile("webmail.php") };
}
