/** Which inputs changed, down to the member of a list, so that the CLI shows no more than that. */
import { DiffResponse, PropertyDiff } from "@pulumi/pulumi/proto/provider_pb";
import type { Properties } from "./api-resource";
import { changedNames } from "./api-provider-values";

const { Kind } = PropertyDiff;
type Change = "ADD" | "DELETE" | "UPDATE";

/** @param replaceOn - Inputs whose change makes a new resource. */
export function difference(old: Properties, now: Properties, replaceOn: readonly string[]): DiffResponse {
  const changed = changedNames(old, now);
  const { DIFF_SOME, DIFF_NONE } = DiffResponse.DiffChanges;
  const answer = new DiffResponse().setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
  answer.setDiffsList(changed);
  answer.setReplacesList(changed.filter((name) => replaceOn.includes(name)));
  answer.setHasdetaileddiff(true);
  for (const name of changed) {
    const suffix = replaceOn.includes(name) ? "_REPLACE" : "";
    for (const [path, change] of leaves(step("", name), old[name], now[name])) {
      answer.getDetaileddiffMap().set(path, new PropertyDiff().setKind(Kind[`${change}${suffix}`]).setInputdiff(true));
    }
  }
  return answer;
}

function leaves(path: string, old: unknown, now: unknown): [path: string, change: Change][] {
  if (old === undefined) return [[path, "ADD"]];
  if (now === undefined) return [[path, "DELETE"]];
  const lists = Array.isArray(old) && Array.isArray(now);
  if (!lists && !(isBag(old) && isBag(now))) return [[path, "UPDATE"]];
  const [before, after] = [old as Properties, now as Properties];
  return changedNames(before, after).flatMap((key) =>
    leaves(lists ? `${path}[${key}]` : step(path, key), before[key], after[key]),
  );
}

const isBag = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** Names that are no plain word are written in brackets (`sdk/go/common/resource/property_path.go`). */
function step(path: string, key: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
