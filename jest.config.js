/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  // Jest's own default leaves one core idle; of two that is half of them.
  maxWorkers: "100%",
  roots: ["<rootDir>/tests/unit", "<rootDir>/tests/golden", "<rootDir>/tests/behaviour"],
  // The SDK takes a stack trace at each promise, and Jest would map every one to its sources: a third of the time.
  setupFiles: ["<rootDir>/program/stack-traces.ts"],
  testMatch: ["**/*.test.ts"],
  transform: { "^.+\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2022" } }] },
};
