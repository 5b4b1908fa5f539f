/**
 * The SDK asks for a stack trace at each of its promises (thousands), for the case that one never ends, and it
 * translates every one by source maps. Here only an error with a message gets its trace: an `up` without changes is a
 * tenth faster. Imported first, by the program and the unit tests alone; the library changes nothing of its user's.
 */
const prepare = Error.prepareStackTrace;

Error.prepareStackTrace = (error, frames) => {
  if (!error.message) return error.name;
  return prepare ? prepare(error, frames) : [String(error), ...frames].join("\n    at ");
};
