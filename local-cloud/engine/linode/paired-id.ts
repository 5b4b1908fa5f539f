/**
 * The parent's number and the own one: from `PARENT,OWN`, as written for an import, or the parent as the state knows it.
 * Throws when the import id has another form.
 */
export function pairedId(id: string, parent: unknown): [parent: number, own: number] {
  const pair = /^(\d+),(\d+)$/.exec(id);
  if (pair) return [Number(pair[1]), Number(pair[2])];
  if (typeof parent === "number" && /^\d+$/.test(id)) return [parent, Number(id)];
  throw new Error(`"${id}" is not an import id: PARENT,ID with two numbers is expected`);
}
