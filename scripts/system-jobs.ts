/** On which system each end-to-end file runs, and when. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";

const systems = ["debian12", "debian13"] as const;
export type System = (typeof systems)[number];

/** One file on one system. */
export interface Job {
  file: string;
  system: System;
}

/** Files that take minutes and have hosts of their own: they begin first, so that no lane works long after the others. */
const early = ["backup-mx", "library", "linode-host", "local-command", "planned-replacement"];
/** Where one system shows more than the other: restic 0.14 and Dovecot 2.3 say less, and know less. */
const chosen: Partial<Record<string, System>> = { backup: "debian12" };
/** Files that leave another host than others expect: with a bigger disk, or mail on a volume. */
const late = ["filters", "volume-moves", "volume"];

const nameOf = ({ file }: Job) => basename(file, ".test.ts");
/** One after the other, each when the lane has nothing left of the one before. */
export const stages = {
  ordinary: (job: Job) => !stages.lane(job) && !stages.late(job) && !stages.all(job),
  /** Looks at what the files before made the host of a lane do. */
  lane: (job: Job) => nameOf(job).startsWith("zy-"),
  late: (job: Job) => late.includes(nameOf(job)),
  /** Takes a host away. */
  all: (job: Job) => nameOf(job).startsWith("zz-"),
};

/** Where a file runs: on every system if it goes through them, otherwise on the one that its name leads to. */
export function systemsOf(file: string, text: string): readonly System[] {
  if (/\bof everySystem\)/.test(text)) return systems;
  const name = basename(file, ".test.ts");
  return [chosen[name] ?? systems[createHash("sha256").update(basename(file)).digest()[1]! % systems.length]!];
}

/** Every file on each of its systems, in the order in which they begin. */
export function jobsOf(files: string[]): Job[] {
  const jobs = files.flatMap((file) =>
    systemsOf(file, readFileSync(file, "utf8")).map((system): Job => ({ file, system })),
  );
  const place = (job: Job) => (early.includes(nameOf(job)) ? -1 : late.indexOf(nameOf(job)) + 1);
  return jobs.sort((one, other) => place(one) - place(other));
}
