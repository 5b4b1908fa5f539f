import type { Bundle } from "../deployment/bundle";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom, program } from "../deployment/files";
import type { Stack } from "./stack";

/** A person who may log in and do everything. */
export interface SudoUser {
  name: string;
  /** In the form of authorized_keys(5). */
  authorizedKeys: string[];
}

const group = "mailstack-sudo";
const keysFolder = "/etc/ssh/authorized_keys.d";
const makeUsers = "/usr/local/libexec/mailstack/sudo-users";
const sudoers = "/etc/sudoers.d/mailstack";
const checkSsh = "/usr/local/libexec/mailstack/ssh-check";
/** In the words of `sshd -T`. */
const required = ["permitrootlogin without-password", "passwordauthentication no", "kbdinteractiveauthentication no"];

const everywhere = ["0.0.0.0/0", "::/0"];

/**
 * SSH with keys only, and people's accounts with sudo. What keeps networks away from SSH is the provider's firewall, which
 * is changed from outside: a deployer with a new address gets in by the setting alone. The host only knows people apart.
 */
export const access = defineService({
  name: "access",
  type: "host:Access",
  packages: ["openssh-server", "sudo"],
  render,
});

function render(stack: Pick<Stack, "sshAllowedCidrs" | "sudoUsers">): BundleBody {
  const { sshAllowedCidrs } = stack;
  const narrow = !everywhere.every((cidr) => sshAllowedCidrs.includes(cidr));
  const elsewhere = narrow ? ["*", ...sshAllowedCidrs.map((cidr) => `!${cidr}`)].join(",") : "";
  const users = stack.sudoUsers.map(({ name }) => ({ name }));
  return {
    directories: { [keysFolder]: { owner: "root:root", mode: "0755" } },
    files: {
      ...filesFrom(
        "access",
        { "/etc/ssh/sshd_config.d/00-mailstack.conf": {}, [makeUsers]: program, [checkSsh]: program },
        { group, keysFolder, required, elsewhere },
      ),
      ...filesFrom("access", { [sudoers]: { mode: "0440" } }, { users }),
      ...Object.fromEntries(stack.sudoUsers.map((user) => [`${keysFolder}/${user.name}`, keysFile(user)])),
    },
    prepare: [[makeUsers, ...users.map(({ name }) => name)]],
    validate: [["sshd", "-t"], [checkSsh], ["visudo", "--check", "--quiet"]],
    units: { "ssh.service": { onChange: "reload" } },
    health: [{ tcp: "127.0.0.1:22", expect: "SSH-2.0-" }],
  };
}

/** Root's, so that a person cannot add a key that outlives the setting. */
function keysFile({ authorizedKeys }: SudoUser): Bundle["files"][string] {
  return { owner: "root:root", mode: "0644", content: authorizedKeys.map((key) => `${key}\n`).join("") };
}
