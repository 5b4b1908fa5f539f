import { refuse } from "./errors";
import type { configView } from "./instance-view";

/** Whether every value that is given, and is not empty, is the one it has. */
function holds(has: unknown, given: unknown): boolean {
  if (given === null || given === undefined || (Array.isArray(given) && given.length === 0)) return true;
  if (typeof given !== "object") return has === given;
  return Object.entries(given).every(([key, value]) => holds((has as Record<string, unknown> | null)?.[key], value));
}

/**
 * The one profile of an instance cannot be changed here. The vendor's plugin writes back what it read after a change of
 * plan, and that is taken. @throws LinodeError 400 for the field that would change.
 */
export function requireSameConfig(config: ReturnType<typeof configView>, body: unknown): void {
  for (const [field, given] of Object.entries((body ?? {}) as object)) {
    if (!holds(config[field as keyof typeof config], given))
      refuse(field, "The local cloud does not change this field");
  }
}
