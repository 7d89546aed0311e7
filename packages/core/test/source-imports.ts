import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** One import as it stands in a file. */
export interface SourceImport {
  /** As written: `./ports.ts`, `@hub/core/plugin`. */
  readonly from: string;
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  readonly imports: readonly SourceImport[];
}

/** All TypeScript files below a folder that are shipped: no tests and nothing under a `test` folder. */
export function shippedSources(folder: string): SourceFile[] {
  return globSync('**/*.{ts,tsx}', { cwd: folder })
    .filter((file) => !/\.(test|test-d|fixture)\.tsx?$|(^|\/)(test|testdata)\//.test(file))
    .sort()
    .map((file) => path.join(folder, file))
    .map((file) => ({ path: file, imports: importsOf(file) }));
}

/** Every `import`, `export … from`, `import()` and `import('…').Type` of a file, by the compiler's own parser. */
function importsOf(file: string): SourceImport[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: SourceImport[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const line = source.getLineAndCharacterOfPosition(specifier.getStart()).line + 1;
    found.push({ from: specifier.text, typeOnly, line });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, importsTypesOnly(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, exportsTypesOnly(node));
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

// `import { type A }` keeps the import itself at run time (verbatimModuleSyntax), so only `import type` counts.
function importsTypesOnly(clause: ts.ImportClause | undefined): boolean {
  return clause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

function exportsTypesOnly(node: ts.ExportDeclaration): boolean {
  return node.isTypeOnly;
}
