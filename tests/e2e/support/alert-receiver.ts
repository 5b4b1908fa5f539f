import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Peer } from "../../../local-cloud/peer/peer";

/** One request that came in. */
export interface Received {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  /** What was answered. */
  status: number;
}

const folder = "/srv/alerts";
const unit = "alert-receiver";

/** Somebody else's HTTPS server, on the peer: what chats, webhooks and monitoring services are to a mail server. */
export class AlertReceiver {
  private constructor(
    private readonly peer: Peer,
    private readonly authority: string,
  ) {}

  static async start(peer: Peer): Promise<AlertReceiver> {
    const program = readFileSync(join(__dirname, "alert-receiver.py"), "utf8");
    const script = [
      `mkdir -p ${folder}; rm -f ${folder}/*; cat >${folder}/receiver.py`,
      `systemctl reset-failed ${unit} 2>/dev/null || :`,
      `systemd-run --quiet --unit=${unit} python3 ${folder}/receiver.py ${folder}`,
      // It listens once it is asked for nothing and answers.
      `until test -e ${folder}/ready; do sleep 0.1; done`,
    ];
    await peer.system.must(["sh", "-ec", script.join("\n")], { input: program });
    return new AlertReceiver(peer, peer.identity.hostname);
  }

  url(path: string): string {
    return `https://${this.authority}${path}`;
  }

  /** Every request whose path begins so, the first one first. */
  async received(path: string): Promise<Received[]> {
    const text = await this.peer.system.must(["sh", "-c", `cat ${folder}/requests 2>/dev/null || :`]);
    const all = text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Received);
    return all.filter((one) => one.path.startsWith(path));
  }

  /** From now on it answers 503 to paths that begin so; none: to no path. */
  async refuse(path?: string): Promise<void> {
    await this.peer.system.must(["sh", "-ec", `printf '%s' "$1" >${folder}/refused`, "sh", path ?? ""]);
  }

  async stop(): Promise<void> {
    await this.peer.system.must(["sh", "-ec", `systemctl stop ${unit}; rm -rf ${folder}`]);
  }
}
