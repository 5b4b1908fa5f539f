import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { checked, LinodeError } from "./errors";

type Item = Record<string, unknown>;

const query = z.object({
  page: z.coerce.number().int().min(1, "Must be 1 or greater").default(1),
  // Limits of the real API.
  page_size: z.coerce.number().int().min(25, "Must be 25-500").max(500, "Must be 25-500").default(100),
});

/** One page of a collection, after the request's X-Filter. @throws LinodeError for a bad page or filter. */
export function paged(request: FastifyRequest, items: object[]) {
  const { page, page_size: size } = checked(query, request.query);
  const found = filtered(items as Item[], request.headers["x-filter"]);
  const pages = Math.max(1, Math.ceil(found.length / size));
  // A page behind the last one is empty, not an error: the vendor's plugin asks for page 100 of the plans at start.
  return { data: found.slice((page - 1) * size, page * size), page, pages, results: found.length };
}

function filtered(items: Item[], header: string | string[] | undefined): Item[] {
  if (header === undefined || header === "") return items;
  const filter = parsed(String(header));
  const found = items.filter((item) => matches(item, filter));
  const orderBy = filter["+order_by"];
  if (orderBy === undefined) return found;
  const sign = filter["+order"] === "desc" ? -1 : 1;
  const compare = (a: unknown, b: unknown) => (a === b ? 0 : String(a) < String(b) ? -1 : 1);
  // Times have only seconds; the id decides between equal ones.
  return found.sort(
    (a, b) =>
      sign *
      (compareValues(value(a, String(orderBy)), value(b, String(orderBy)), compare) || Number(a.id) - Number(b.id)),
  );
}

function compareValues(a: unknown, b: unknown, other: (a: unknown, b: unknown) => number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : other(a, b);
}

function parsed(text: string): Item {
  try {
    const filter: unknown = JSON.parse(text);
    if (typeof filter === "object" && filter !== null && !Array.isArray(filter)) return filter as Item;
  } catch {
    // Answered below, as every other text that is not an object.
  }
  throw new LinodeError(400, [{ reason: "Cannot parse X-Filter header as a JSON object" }]);
}

/** `entity.id` reaches into objects. */
function value(item: Item, path: string): unknown {
  return path.split(".").reduce<unknown>((at, key) => (at as Item | null | undefined)?.[key], item);
}

function matches(item: Item, filter: Item): boolean {
  return Object.entries(filter).every(([key, wanted]) => {
    if (key === "+order" || key === "+order_by") return true;
    if (key === "+and") return (wanted as Item[]).every((part) => matches(item, part));
    if (key === "+or") return (wanted as Item[]).some((part) => matches(item, part));
    if (key.startsWith("+")) throw new LinodeError(400, [{ reason: `Invalid filter operator ${key}` }]);
    return holds(value(item, key), wanted);
  });
}

function holds(actual: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) {
    return Array.isArray(actual) ? actual.includes(wanted) : actual === wanted;
  }
  return Object.entries(wanted).every(([operator, limit]) => {
    switch (operator) {
      case "+gt":
        return (actual as string) > limit;
      case "+gte":
        return (actual as string) >= limit;
      case "+lt":
        return (actual as string) < limit;
      case "+lte":
        return (actual as string) <= limit;
      case "+neq":
        return actual !== limit;
      case "+contains":
        return String(actual).toLowerCase().includes(String(limit).toLowerCase());
      default:
        throw new LinodeError(400, [{ reason: `Invalid filter operator ${operator}` }]);
    }
  });
}
