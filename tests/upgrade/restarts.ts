import type { System } from "../../local-cloud/peer/system";

/** What systemd did to a unit, with the times of its beginning and end in milliseconds. */
export interface Restart {
  unit: string;
  began: number;
  ended: number;
}

/** Message ids of systemd (catalog/systemd.catalog): begins and ends of a stop or a reload, and what follows. */
const begins = ["de5b426a63be47a7b6ac3eaac82e2f6f", "d34d037fff1847e6ae669a370e694725"];
const ends = ["39f53479d3a045ac8e11786248231fbf", "7b05ebc668384222baa8881179cfda54"];

interface Entry {
  MESSAGE_ID: string;
  UNIT?: string;
  __REALTIME_TIMESTAMP: string;
}

/** Units of the host that were restarted or reloaded since then, as the journal tells it. */
export async function restartsSince(system: System, time: number): Promise<Restart[]> {
  const matches = [...begins, ...ends].flatMap((id, index) => [...(index > 0 ? ["+"] : []), `MESSAGE_ID=${id}`]);
  const since = `--since=@${Math.floor(time / 1000)}`;
  const text = await system.must(["journalctl", "--no-pager", "--output=json", since, ...matches]);
  const entries = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Entry);
  const restarts: Restart[] = [];
  const open = new Map<string, number>();
  for (const { MESSAGE_ID: id, UNIT: unit = "", __REALTIME_TIMESTAMP: micros } of entries) {
    const at = Number(micros) / 1000;
    const began = open.get(unit);
    if (begins.includes(id)) open.set(unit, began ?? at);
    else if (began !== undefined) {
      restarts.push({ unit, began, ended: at });
      open.delete(unit);
    }
  }
  return restarts;
}
