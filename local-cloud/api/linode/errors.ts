import type { z } from "zod";

/** An answer of the Linode API that is not 2xx: `{errors: [{field, reason}]}`. */
export class LinodeError extends Error {
  constructor(
    readonly status: number,
    readonly errors: { reason: string; field?: string }[],
  ) {
    super(errors.map((error) => `[${error.field ?? ""}] ${error.reason}`).join("; "));
  }
}

/** 400 for one field. */
export function refuse(field: string, reason: string): never {
  throw new LinodeError(400, [{ field, reason }]);
}

/** 404, in the API's own words. */
export function notFound(): never {
  throw new LinodeError(404, [{ reason: "Not found" }]);
}

function reasons(issue: z.core.$ZodIssue, body: unknown): { field: string; reason: string }[] {
  const field = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      field: [...issue.path, key].join("."),
      reason: `${key} is not a known field (or the local cloud does not emulate it)`,
    }));
  }
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], body);
  return [{ field, reason: value === undefined ? `${field} is required` : issue.message }];
}

/** Checks a request's body. @throws LinodeError 400 with one entry for each wrong field. */
export function checked<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  throw new LinodeError(
    400,
    result.error.issues.flatMap((issue) => reasons(issue, body ?? {})),
  );
}
