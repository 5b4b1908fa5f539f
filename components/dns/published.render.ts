import type { Bundle } from "../deployment/bundle";
import type { RecordSet } from "./zone-file";

/** Settings of {@link renderPublished}. */
export interface PublishedSettings {
  /** What the stack has published, by domain. */
  records: Record<string, RecordSet[]>;
}

/** What the DNS must answer: `mailstack status` asks the servers of each zone, and names what is otherwise there. */
export function renderPublished({ records }: PublishedSettings): Bundle {
  const zones = Object.entries(records).map(([domain, sets]) => ({ domain, records: sets }));
  return {
    service: "published",
    packages: ["python3-dnspython"],
    files: {
      "/usr/local/share/mailstack/records.json": {
        owner: "root:root",
        mode: "0644",
        content: `${JSON.stringify({ zones }, undefined, 1)}\n`,
      },
    },
  };
}
