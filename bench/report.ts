import type { Measurement } from "./figure";
import type { Machine } from "./machine";

/** `true` unless the number has a target and misses it. */
export function isMet({ value, atMost }: Measurement): boolean {
  return atMost === undefined || value <= atMost;
}

/** A table in Markdown, fit for the README. */
export function table(machine: Machine, os: string, measurements: Measurement[]): string {
  const { cores, processor, memoryGiB, kernel, date, loadBefore } = machine;
  const busy = loadBefore > cores / 2 ? `; busy with other work, load ${loadBefore}` : "";
  const rows = measurements.map((one) => {
    const target = one.atMost === undefined ? "" : `<= ${one.atMost} ${one.unit}`;
    const met = one.atMost === undefined ? "" : isMet(one) ? "yes" : "NO";
    return `| ${one.what} | ${shown(one)} | ${target} | ${met} | ${one.detail} |`;
  });
  return [
    `${date}, ${cores} cores (${processor}), ${memoryGiB} GiB of memory, Linux ${kernel}${busy}. Mail host: ${os}, 2 GiB.`,
    "",
    "| what | measured | target | met | made of |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

function shown({ value, unit }: Measurement): string {
  const digits = unit === "MB" || unit === "kills" ? 0 : value < 20 ? 2 : 1;
  return `${value.toFixed(digits)} ${unit}`;
}
