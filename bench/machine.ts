import { readFileSync } from "node:fs";
import { availableParallelism, loadavg, release, totalmem } from "node:os";

/** What the figures depend on. */
export interface Machine {
  date: string;
  cores: number;
  processor: string;
  memoryGiB: number;
  kernel: string;
  /** Load of one minute before the run; above the number of cores it was a busy machine. */
  loadBefore: number;
}

export function thisMachine(): Machine {
  const processor = /^model name\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown";
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: availableParallelism(),
    processor,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    loadBefore: Math.round(loadavg()[0]! * 10) / 10,
  };
}
