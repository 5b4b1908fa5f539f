import { filterMemoryMb, filtersShape, restMemoryMb, type Filter } from "./filters";
import { plans } from "./linode";
import type { Problem } from "./problem";
import type { Settings } from "./schema";

/** A host that runs out of memory loses more than a filter gives. */
export function filterProblems(settings: Settings): Problem[] {
  const wanted = (Object.keys(filtersShape) as Filter[]).filter((key) => settings[key]);
  const has = plans[settings.plan]?.memory ?? 0;
  const needs = wanted.reduce((sum, key) => sum + filterMemoryMb[key], restMemoryMb);
  if (needs <= has) return [];
  const together = wanted.length > 1 ? `, with mailstack:${wanted.slice(1).join(" and mailstack:")} too` : "";
  return wanted.slice(0, 1).map((key) => ({
    key,
    message: `needs a plan with ${needs} MiB of memory${together}, and mailstack:plan ${settings.plan} has ${has} MiB; choose a larger plan or set it to false`,
  }));
}
