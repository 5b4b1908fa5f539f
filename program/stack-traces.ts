/**
 * The SDK asks for a stack trace at each of its promises (thousands), for the case that one never ends, and it
 * translates every one by source maps. Here only an error with a message gets its trace: an `up` without changes is a
 * tenth faster. Imported first, by the program and the unit tests alone; the library changes nothing of its user's.
 */
const prepare = Error.prepareStackTrace;

/**
 * The SDK's source maps lack a folder of its path (`node_modules/@pulumi/resource.ts`). Node 22 colors such a path until
 * its memory for a text is full, half a minute later.
 */
const withoutFolder = /(node_modules\/@pulumi\/)(?=[^/\s]+$)/gm;

Error.prepareStackTrace = (error, frames) => {
  if (!error.message) return error.name;
  const trace: unknown = prepare ? prepare(error, frames) : [String(error), ...frames].join("\n    at ");
  return typeof trace === "string" ? trace.replaceAll(withoutFolder, "$1pulumi/") : trace;
};

export {};
