import assert from "node:assert/strict";
import type { Peer } from "../../../local-cloud/peer/peer";
import { until } from "./until";

const config = "/etc/exim4/exim4.conf";
const strange = "/etc/peer/tls/strange";
/** STARTTLS, and TLS from the first byte. */
const ports = { starttls: 2525, implicit: 465 };

/** What a smarthost does otherwise than it should. */
export interface Faults {
  /** The password that it wants. */
  password?: string;
  /** A certificate for its name by nobody that anybody trusts. */
  strangeCertificate?: boolean;
  withoutStartTls?: boolean;
}

/**
 * Somebody else's server that takes mail by a login and passes it on: the peer's Exim, on two more ports. It offers logins
 * there whether there is TLS or not, so that whoever sends a password in clear is found out.
 */
export class Smarthost {
  readonly ports = ports;
  readonly user = "relay-user@service.example";
  readonly password = "Rel4yPassw0rdOfTheService";

  private constructor(
    private readonly peer: Peer,
    /** The peer's own configuration. */
    private readonly before: string,
  ) {}

  /** Its name, which its certificate is for. */
  get host(): string {
    return this.peer.identity.hostname;
  }

  static async of(peer: Peer): Promise<Smarthost> {
    const made = new Smarthost(peer, await peer.system.must(["cat", config]));
    const certificate = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"];
    const name = ["-subj", `/CN=${made.host}`, "-addext", `subjectAltName=DNS:${made.host}`];
    await peer.system.must([...certificate, ...name, "-keyout", `${strange}.key`, "-out", `${strange}.pem`]);
    await peer.system.must(["chgrp", "Debian-exim", `${strange}.key`]);
    await peer.system.must(["chmod", "0640", `${strange}.key`]);
    await made.be({});
    return made;
  }

  /** Starts it again, with these faults and no others. */
  async be(faults: Faults): Promise<void> {
    const at25 = (there: string, elsewhere: string) => `\${if eq{$received_port}{25}{${there}}{${elsewhere}}}`;
    const replacements: [string, string][] = [
      [
        "daemon_smtp_ports = 25\n",
        `daemon_smtp_ports = 25 : ${ports.starttls} : ${ports.implicit}\ntls_on_connect_ports = ${ports.implicit}\nauth_advertise_hosts = ${at25("", "*")}\n`,
      ],
      [
        "\ncheck_rcpt:\n",
        `\ncheck_rcpt:\n  deny message = log in first\n    condition = ${at25("no", "yes")}\n    !authenticated = *\n  accept authenticated = *\n`,
      ],
    ];
    if (faults.strangeCertificate)
      for (const file of ["certificate.pem", "key.pem"])
        replacements.push([
          `/etc/peer/tls/${file}\n`,
          `${at25(`/etc/peer/tls/${file}`, file === "key.pem" ? `${strange}.key` : `${strange}.pem`)}\n`,
        ]);
    if (faults.withoutStartTls)
      replacements.push(["tls_advertise_hosts = *\n", `tls_advertise_hosts = ${at25("*", "")}\n`]);
    let text = this.before;
    for (const [old, fresh] of replacements) {
      assert.ok(text.includes(old), old);
      text = text.replace(old, () => fresh);
    }
    await this.write(`${text}\nbegin authenticators\n\n${this.authenticators(faults.password ?? this.password)}`);
  }

  private authenticators(password: string): string {
    const right = (user: string, word: string) =>
      `server_condition = \${if and{{eq{${user}}{${this.user}}}{eq{${word}}{${password}}}}}\n  server_set_id = ${user}/\${if def:tls_in_cipher{tls}{clear}}\n`;
    return [
      `plain:\n  driver = plaintext\n  public_name = PLAIN\n  server_prompts = :\n  ${right("$auth2", "$auth3")}`,
      `login:\n  driver = plaintext\n  public_name = LOGIN\n  server_prompts = Username:: : Password::\n  ${right("$auth1", "$auth2")}`,
    ].join("\n");
  }

  private async write(text: string): Promise<void> {
    await this.peer.system.must(["tee", config], { input: text });
    await this.peer.system.must(["exim4", "-bV"]);
    await this.peer.system.must(["systemctl", "restart", "peer-exim"]);
    const listening = text === this.before ? [25] : [25, ports.starttls, ports.implicit];
    await until("Exim listens", async () => {
      const { stdout } = await this.peer.system.exec(["ss", "--listening", "--tcp", "--numeric", "--no-header"]);
      return listening.every((port) => new RegExp(`:${port}\\s`).test(stdout));
    });
  }

  /**
   * How a message with this subject came, in the words of Exim's log: `P=esmtpsa` is by TLS and with a login, `A=` whose.
   * Empty: it never did.
   */
  async arrival(subject: string): Promise<string> {
    const log = await this.peer.system.must(["cat", "/var/log/exim4/mainlog"]);
    return log.split("\n").find((line) => line.includes(" <= ") && line.includes(`T="${subject}"`)) ?? "";
  }

  /** Logins outside of TLS, those that were refused too. */
  async loginsInClear(): Promise<string[]> {
    const log = await this.peer.system.must(["cat", "/var/log/exim4/mainlog"]);
    return log.split("\n").filter((line) => line.includes(`${this.user}/clear`));
  }

  /** As if it had never been. */
  async close(): Promise<void> {
    await this.write(this.before);
  }
}
