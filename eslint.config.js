const js = require("@eslint/js");
const ts = require("typescript-eslint");

module.exports = ts.config(
  { ignores: ["node_modules/**", ".mailstack/**", "lib/**", "docs/api/**", "**/*.js"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  {
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-console": "off",
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["**/*.cjs", "**/*.mjs"],
    languageOptions: { globals: { __dirname: false, exports: false, module: false, process: false, require: false } },
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
  { files: ["components/**/*.ts", "index.ts", "program/stack-traces.ts"], rules: { "no-console": "error" } },
);
