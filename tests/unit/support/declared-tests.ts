import ts from "typescript";

/** How many tests the text of a file declares; loops and tables only make more of them. */
export function declaredTests(file: string, text: string): number {
  if (file.endsWith(".py")) return [...text.matchAll(/^ +(?:async )?def test_/gm)].length;
  let declared = 0;
  const isTest = (node: ts.Node): boolean => {
    if (ts.isIdentifier(node)) return node.text === "test" || node.text === "it";
    // test.each(table)(title, ...)
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
    return node.expression.name.text === "each" && isTest(node.expression.expression);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTest(node.expression)) declared += 1;
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return declared;
}
