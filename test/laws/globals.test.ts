import { type Law, testLaws } from "./law.ts";
import {
  deferred,
  importsOf,
  isCode,
  isProduct,
  type SourceFile,
  statements,
  type Token,
  tokensOf,
} from "./source.ts";

/**
 * Applies a rule to each token of the files that `about` selects; the rule says what is wrong, or nothing.
 */
function eachToken(
  about: (file: SourceFile) => boolean,
  wrong: (tokens: readonly Token[], i: number) => string | undefined,
): Law["check"] {
  return (files) =>
    files.filter(isCode).filter(about).flatMap((file) => {
      const tokens = tokensOf(file);
      return tokens.flatMap((token, i) => {
        const fault = token.kind === "word" ? wrong(tokens, i) : undefined;
        return fault === undefined ? [] : [`${file.path}:${token.line}: ${fault}`];
      });
    });
}

/** Product files outside of some paths. */
function productBut(allowed: RegExp): (file: SourceFile) => boolean {
  return (file) => isProduct(file) && !allowed.test(file.path);
}

/**
 * Whether the tokens from `i` on read as these pieces, as in `process . env`, and are no property of
 * something else.
 */
function reads(tokens: readonly Token[], i: number, pieces: string): boolean {
  if (/^\??\.$/.test(tokens[i - 1]?.text ?? "")) return false;
  return pieces.split(" ").every((piece, j) => tokens[i + j]?.text === piece);
}

/**
 * Uses of a property of `process`: `process.env`, `globalThis.process.env`, and `import { env } from
 * "node:process"`.
 */
function processUses(about: (file: SourceFile) => boolean, name: string, advice: string): Law["check"] {
  const uses = eachToken(about, (tokens, i) => {
    const used = tokens[i]?.text === "process" && tokens[i + 2]?.text === name &&
      /^\??\.$/.test(tokens[i + 1]?.text ?? "");
    return used ? `process.${name}; ${advice}` : undefined;
  });
  return (files) => [
    ...uses(files),
    ...files.filter(isCode).filter(about).flatMap((file) =>
      importsOf(file).filter((one) => /^(node:)?process$/.test(one.specifier) && one.names.includes(name))
        .map((one) => `${file.path}:${one.line}: ${name} of node:process; ${advice}`)
    ),
  ];
}

/** What may begin a statement at the top level of a file, and which of these compute a value at once. */
const DECLARES = /^(import|const|let|var|function|async|class|abstract|interface|type|enum|declare)$/;
const EXPORTS = /^([{*]|default)$/;
const COMPUTES = /^(const|let|var|default)$/;

/** What does something to the world, or asks it, when it is evaluated. */
const ACTS = /^(await|fetch|setTimeout|setInterval|setImmediate|queueMicrotask|performance|console)$/;

/** Modules whose functions act; their constants may be read. */
const ACTING_MODULES = /^node:(fs|child_process|net|http|https|os|worker_threads)(\/.*)?$/;

/** Statements that are no declaration, and declarations whose value is not computed from the source alone. */
function runsAtImport(file: SourceFile): string[] {
  const imported = importsOf(file).filter((one) => ACTING_MODULES.test(one.specifier) && !one.typeOnly);
  const names = new Set(imported.flatMap((one) => one.names));
  return statements(tokensOf(file)).flatMap((statement) => {
    const exported = statement[0]?.text === "export";
    const [keyword] = exported ? statement.slice(1) : statement;
    if (keyword === undefined || startsProgram(file, statement)) return [];
    const advice = "runs at import; move it into a function";
    if (!DECLARES.test(keyword.text) && !(exported && EXPORTS.test(keyword.text))) {
      return [`${file.path}:${keyword.line}: "${keyword.text} …" ${advice}`];
    }
    if (!COMPUTES.test(keyword.text)) return [];
    const later = deferred(statement);
    return statement.filter((token, i) =>
      later[i] === false && token.kind === "word" && acts(statement, i, names)
    )
      .map((token) => `${file.path}:${token.line}: "${token.text}" ${advice}`);
  });
}

function acts(tokens: readonly Token[], i: number, names: ReadonlySet<string>): boolean {
  const [token, next, property, after] = tokens.slice(i, i + 4).map((one) => one.text);
  if (token === undefined || /^\??\.$/.test(tokens[i - 1]?.text ?? "")) return false;
  if (names.has(token)) return next === "(" || (next === "." && after === "(");
  if (token === "process") return !/^(platform|arch|versions?)$/.test(property ?? "");
  return ACTS.test(token) || isClock(tokens, i);
}

/** Whether a statement is the last one of a program: of the executable, or of a thread. */
function startsProgram({ path }: SourceFile, statement: readonly Token[]): boolean {
  const begins = (text: string) => statement.map((token) => token.text).join("").startsWith(text);
  if (path === "main.ts") return begins("if(import.meta.main");
  return path === "lib/confine/thread.ts" && begins("if(!isMainThread&&");
}

/** Whether the present moment is asked for: `Date.now()`, `new Date()`, `Temporal.Now`. */
function isClock(tokens: readonly Token[], i: number): boolean {
  return reads(tokens, i, "Date . now") || reads(tokens, i, "new Date ( )") ||
    reads(tokens, i, "Temporal . Now") ||
    (reads(tokens, i, "new Date") && tokens[i + 2]?.text !== "(");
}

/**
 * Top-level variables that can change: `let`, `var`, and containers whose type does not say that they are
 * read only.
 */
function mutableState(file: SourceFile): string[] {
  return statements(tokensOf(file)).flatMap((statement) => {
    const [keyword, name, ...rest] = statement[0]?.text === "export" ? statement.slice(1) : statement;
    if (keyword === undefined || name === undefined) return [];
    const where = `${file.path}:${keyword.line}: "${keyword.text} ${name.text}"`;
    if (/^(let|var)$/.test(keyword.text)) {
      return [`${where} is module state; keep it in an object that is passed on`];
    }
    const equals = rest.findIndex((token) => token.text === "=" && token.depth === 0);
    if (keyword.text !== "const" || equals < 0) return [];
    const readOnly = rest.slice(0, equals).some((token) => /^(readonly|Readonly.*)$/.test(token.text));
    const value = rest.slice(equals + 1).map((token) => token.text).join(" ");
    const container = /^(new (Map|Set|WeakMap|WeakSet|Array)\b|\[ \]|\{ \})/.test(value);
    return container && !readOnly
      ? [`${where} can change; give it a Readonly type, or move it into a function`]
      : [];
  });
}

const LAWS: Law[] = [
  {
    rule: "Bun and Deno are named only in lib/runtime.ts and scripts",
    check: eachToken(
      ({ path }) => !/^(scripts|bench|test\/e2e|test\/rig)\//.test(path) && path !== "lib/runtime.ts",
      (tokens, i) =>
        /^(Bun|Deno)$/.test(tokens[i]?.text ?? "")
          ? "names a runtime; add what is needed to lib/runtime.ts"
          : undefined,
    ),
    bad: [
      { "lib/a.ts": 'export const f = () => Bun.file("x");\n' },
      { "tools/a.ts": "export const f = () => globalThis.Deno?.version;\n" },
      { "test/lib/a.test.ts": "if (typeof Deno === 'undefined') f();\n" },
      { "main.ts": "const text = `a ${Bun.version}`;\n" },
    ],
    good: [{ "lib/a.ts": '// Bun and Deno\nexport const name = "Bun";\n', "lib/runtime.ts": "Bun;\n" }],
  },
  {
    rule: "console only in lib/cli",
    check: eachToken(
      productBut(/^lib\/cli\//),
      (tokens, i) =>
        reads(tokens, i, "console .") ? "console; write to ctx.log or the log of lib/log.ts" : undefined,
    ),
    bad: [{ "lib/a.ts": 'console.error("x");\n' }, {
      "tools/a.ts": "export const f = () => console.log(1);\n",
    }],
    good: [{
      "lib/cli/a.ts": "console.log(1);\n",
      "lib/b.ts": "// console.log\n",
      "scripts/c.ts": "console.log(1);\n",
    }],
  },
  {
    rule: "standard output only in lib/cli and the stdio transport",
    check: processUses(
      productBut(/^lib\/(cli\/|transports\/stdio)/),
      "stdout",
      "standard output carries the protocol and nothing else",
    ),
    bad: [{ "lib/log.ts": 'process.stdout.write("x");\n' }, {
      "tools/a.ts": 'import { stdout } from "node:process";\n',
    }],
  },
  {
    rule: "process.env only in lib/config.ts",
    check: processUses(
      productBut(/^lib\/config(\.ts$|\/)/),
      "env",
      "read it in lib/config.ts and pass it on",
    ),
    bad: [
      { "lib/a.ts": "export const f = () => process.env.HOME;\n" },
      { "lib/a.ts": "export const f = () => globalThis.process.env;\n" },
      { "tools/a.ts": 'import { env } from "node:process";\n' },
    ],
  },
  {
    rule: "process.exit only in lib/cli and the stdio transport",
    check: processUses(
      productBut(/^lib\/(cli\/|transports\/stdio)/),
      "exit",
      "throw, and let the command line or the transport end the process",
    ),
    bad: [{ "main.ts": "process.exit(1);\n" }, {
      "lib/a.ts": 'import { exit as end } from "node:process";\n',
    }],
    good: [{ "lib/cli/a.ts": "process.exit(1);\n", "lib/transports/stdio.ts": "process.exit(0);\n" }],
  },
  {
    rule: "tools ask ctx for the time",
    check: eachToken(
      ({ path }) => path.startsWith("tools/"),
      (tokens, i) => isClock(tokens, i) ? "asks the clock; use ctx.now(), which tests can set" : undefined,
    ),
    bad: [
      { "tools/a.ts": "export const f = () => Date.now();\n" },
      { "tools/a.ts": "export const f = () => new Date();\n" },
      { "tools/a.ts": "export const f = () => Temporal.Now.instant();\n" },
    ],
    good: [{ "tools/a.ts": "export const f = (ctx) => [ctx.now(), new Date(0)];\n" }],
  },
  {
    rule: "no variable of a module can change",
    check: (files) => files.filter(isProduct).flatMap(mutableState),
    bad: [
      { "lib/a.ts": "let count = 0;\n" },
      { "lib/a.ts": "export var count = 0;\n" },
      { "tools/a.ts": "const cache = new Map<string, string>();\n" },
      { "tools/a.ts": "const seen: string[] = [];\n" },
    ],
    good: [{
      "lib/a.ts": "const NAMES: ReadonlySet<string> = new Set([1]);\nfunction f() {\n  let a = 0;\n}\n",
    }],
  },
  {
    rule: "nothing runs at import",
    check: (files) => files.filter(isProduct).flatMap(runsAtImport),
    bad: [
      { "lib/a.ts": "start();\n" },
      { "lib/a.ts": "if (import.meta.main) start();\n" },
      { "lib/a.ts": "if (!isMainThread && true) start();\n" },
      { "lib/confine/thread.ts": "start();\n" },
      { "main.ts": "await main(modules);\n" },
      { "lib/a.ts": 'export const text = await read("x");\n' },
      { "lib/a.ts": 'import { readFileSync } from "node:fs";\nconst text = readFileSync("x");\n' },
      { "lib/a.ts": "const started = Date.now();\n" },
      { "lib/a.ts": "export const home = process.env.HOME;\n" },
      { "lib/a.ts": 'import * as os from "node:os";\nexport default os.homedir();\n' },
      { "lib/a.ts": 'process.on("exit", () => {});\n' },
      { "lib/a.ts": "for (const a of b) a();\n" },
      { "lib/a.ts": "new Server();\n" },
      { "lib/a.ts": "[1].forEach(f);\n" },
    ],
    good: [{
      "main.ts": "export const modules = [time];\n\nif (import.meta.main) await main(modules);\n",
      "lib/a.ts": [
        'import { homedir } from "node:os";',
        'import { constants, open } from "node:fs";',
        "const FLAGS = process.platform === 'win32' ? 0 : constants.O_RDONLY;",
        "const openFile = promisify(open);",
        "export const home = () => homedir();",
        "export type A = {",
        "  b: string;",
        "};",
        "const PATTERN = new RegExp([1].map((a) => process.env[a]).join());",
        "export class C {",
        "  now = () => Date.now();",
        "}",
        'export { d } from "./d.ts";',
      ].join("\n"),
    }],
  },
];

testLaws(LAWS);
