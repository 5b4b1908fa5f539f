/** Evaluates expressions of GitHub's workflows: [{expression, contexts}] on standard input, their values as text on
 * standard output. Not for jest: the library is an ES module only. */
import { readFileSync } from "node:fs";
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { reviver } from "@actions/expressions/data/reviver";

/** One expression with what it may read: `github`, `vars` and so on. */
export interface Question {
  expression: string;
  contexts: Record<string, unknown>;
}

const questions = JSON.parse(readFileSync(0, "utf8")) as Question[];
const answers = questions.map(({ expression, contexts }) => {
  const { tokens } = new Lexer(expression).lex();
  const parsed = new Parser(tokens, Object.keys(contexts), []).parse();
  const known = JSON.parse(JSON.stringify(contexts), reviver) as data.Dictionary;
  return new Evaluator(parsed, known).evaluate().coerceString();
});
console.log(JSON.stringify(answers));
