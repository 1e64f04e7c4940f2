/**
 * Reading a file that declares a tool, and saying what is wrong with it and in which line.
 * @module
 */
import { isAbsolute } from "node:path";
import { z } from "zod";
import { ToolError } from "../errors.ts";
import type { LoadProblem } from "../user/explain.ts";
import { commandOf } from "../database/statement.ts";
import { isEmpty, parametersOf } from "../database/lexer.ts";
import { placeholders, textsIn } from "./fill.ts";
import { DECLARATION, type Declaration } from "./types.ts";

/** Endings of files that declare a tool. */
const DECLARED_FILE = /\.tool\.(json|ya?ml)$/;

/** Whether a file declares a tool, by its name. */
export function isDeclared(file: string): boolean {
  return DECLARED_FILE.test(file);
}

/** Reads a declaration: what it says, or what is wrong. */
export async function parseDeclaration(
  file: string,
  text: string,
): Promise<{ declaration: Declaration } | { problem: LoadProblem }> {
  const { isMap, isScalar, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  // JSON is YAML, too, and so both say where something is.
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    version: "1.2",
    schema: "core",
  });
  const [error] = document.errors;
  if (error !== undefined) {
    const [what = ""] = error.message.split("\n");
    return { problem: { line: error.linePos?.[0].line, what, next: "Mend that line and save the file." } };
  }
  /** The line of a key, or of what is nearest around it. */
  const lineOf = (path: readonly PropertyKey[]): number | undefined => {
    let node: unknown = document.contents;
    let offset: number | undefined;
    for (const key of path) {
      const pair = isMap(node)
        ? node.items.find((item) => isScalar(item.key) && item.key.value === key)
        : undefined;
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    }
    return offset === undefined ? undefined : lines.linePos(offset).line;
  };
  try {
    const outcome = DECLARATION.safeParse(document.toJS({ maxAliasCount: 20 }));
    if (!outcome.success) throw new Wrong(...explain(outcome.error));
    const { data } = outcome;
    const effect = data.effect ?? (data.sql === undefined ? undefined : "read");
    if (effect === undefined) {
      throw new Wrong([], "It does not say its effect", 'Write "effect": "read", or add, change, destroy.');
    }
    const declaration = { ...data, effect, name: data.name ?? file.replace(DECLARED_FILE, "") };
    await check(declaration);
    return { declaration };
  } catch (error) {
    if (error instanceof Wrong) {
      return { problem: { line: lineOf(error.path), what: error.message, next: error.next } };
    }
    const what = error instanceof Error ? error.message : String(error);
    return { problem: { what, next: "Mend the file and save it." } };
  }
}

type Http = NonNullable<Declaration["http"]>;

/** What is wrong, and where in the declaration. */
class Wrong extends ToolError {
  readonly path: readonly PropertyKey[];

  constructor(path: readonly PropertyKey[], what: string, next: string) {
    super(what, next);
    this.path = path;
  }
}

function explain(error: z.ZodError): [readonly PropertyKey[], string, string] {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const where = path.length === 0 ? "It" : `"${path.join(".")}"`;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  if (unknown !== undefined) {
    return [
      [...path, unknown],
      `Unknown key "${unknown}"`,
      "docs/writing-a-tool.md names the keys there are.",
    ];
  }
  return [
    path,
    `${where}: ${(issue?.message ?? "").replace(/^Invalid input: /, "")}`,
    "Mend that and save it.",
  ];
}

/** What the form of the file does not say. */
async function check(declaration: Declaration): Promise<void> {
  const { name, command, http, sql, effect, arguments: args, argumentAliases = {} } = declaration;
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(name)) {
    throw new Wrong(["name"], `"${name}" cannot be its name`, "Use small letters, digits and _, at most 40.");
  }
  const kinds = [command, http, sql].filter((one) => one !== undefined);
  if (kinds.length !== 1) {
    throw new Wrong(
      [],
      "It needs a command, an http or an sql, one of them",
      'Write "command": ["program", "{argument}"].',
    );
  }
  if (http !== undefined) checkHttp(http, effect);
  for (const [old, now] of Object.entries(argumentAliases)) {
    if (Object.hasOwn(args, old) || !Object.hasOwn(args, now)) {
      throw new Wrong(
        ["argumentAliases", old],
        `"${old}" cannot stand for "${now}"`,
        "Old name, then new name.",
      );
    }
  }
  await checkArguments(declaration);
  if (command !== undefined) checkCommand(declaration);
  checkSql(declaration);
  for (const [place, texts] of Object.entries(templatesOf(declaration))) {
    for (const used of texts.flatMap(placeholders)) {
      if (Object.hasOwn(args, used)) continue;
      throw new Wrong(
        [place],
        `It uses {${used}}, which is none of its arguments`,
        "Name it under arguments.",
      );
    }
  }
}

async function checkArguments({ arguments: args, command }: Declaration): Promise<void> {
  const { RE2JS } = await import("re2js");
  for (const [name, argument] of Object.entries(args)) {
    const { type, pattern, values, default: fallback } = argument;
    const at = ["arguments", name];
    try {
      if (pattern !== undefined) RE2JS.compile(pattern);
    } catch (error) {
      throw new Wrong(
        at,
        `Its pattern is none: ${error instanceof Error ? error.message : error}`,
        "Mend it.",
      );
    }
    if (type !== "string" && (pattern ?? values) !== undefined) {
      throw new Wrong(at, `"pattern" and "values" are for texts`, `"${name}" is a ${type}.`);
    }
    // Whatever a model writes becomes an argument of a program: it has to be said what that can be.
    if (command !== undefined && type === "string" && pattern === undefined && values === undefined) {
      throw new Wrong(
        at,
        `"${name}" goes into a command and may be any text`,
        'Say what it may be: "values": ["a", "b"] or "pattern": "[a-z]+".',
      );
    }
    const kind = type === "path" ? "string" : type === "integer" ? "number" : type;
    if (fallback !== undefined && typeof fallback !== kind) {
      throw new Wrong(at, `Its default ${JSON.stringify(fallback)} is no ${type}`, "Mend it.");
    }
  }
}

/** What a request may do follows from its method: a server that is read-only rests on what it says. */
function checkHttp({ method, url, json, form }: Http, effect: Declaration["effect"]): void {
  checkUrl(url);
  if (method === "GET") {
    if (effect !== "read") {
      throw new Wrong(["effect"], "What is fetched with GET is only read", 'Write "effect": "read".');
    }
    if ((json ?? form) !== undefined) {
      throw new Wrong(["http"], "GET sends no body", 'Name what it does: "method": "POST".');
    }
    return;
  }
  if (effect === "read" || (method === "DELETE" && effect !== "destroy")) {
    const right = method === "DELETE" ? '"destroy"' : '"add", "change" or "destroy"';
    throw new Wrong(
      ["effect"],
      `What is sent with ${method} is not "${effect}"`,
      `Write "effect": ${right}.`,
    );
  }
  if (json !== undefined && form !== undefined) {
    throw new Wrong(["http", "form"], "A body is json or form, not both", "Leave one of them out.");
  }
  const named = textsIn(json ?? null).names.find((name) => placeholders(name).length > 0);
  if (named === undefined) return;
  throw new Wrong(["http", "json"], `The name "${named}" is not fixed`, "Arguments are values, not names.");
}

/** Where a request goes is not for the model to decide, only what it asks there. */
function checkUrl(url: string): void {
  const [, origin] = /^(https?:\/\/[^/?#{}\\\s@]+)(?:[/?#]|$)/i.exec(url) ?? [];
  if (origin !== undefined && URL.canParse(origin)) return;
  throw new Wrong(
    ["http", "url"],
    `"${url}" does not begin with a fixed host`,
    "Write https://api.example.com/path/{argument}.",
  );
}

function checkCommand({ command = [], folder, arguments: args }: Declaration): void {
  const [program] = command;
  if (typeof program !== "string" || program === "" || placeholders(program).length > 0) {
    throw new Wrong(["command"], "Its first part is no fixed program", 'Write "command": ["program", …].');
  }
  if (/[/\\]/.test(program) && !isAbsolute(program)) {
    throw new Wrong(["command"], `"${program}" is no program`, "Give its name, or its whole path.");
  }
  for (const piece of command) {
    if (typeof piece !== "string" && !Object.hasOwn(args, piece.when)) {
      throw new Wrong(
        ["command"],
        `when names "${piece.when}", which is no argument`,
        "Name it under arguments.",
      );
    }
  }
  if (folder === undefined || /^([/~]|[A-Za-z]:[\\/])[^{}]*$/.test(folder)) return;
  const [, name = ""] = /^\{(\w+)\}$/.exec(folder) ?? [];
  if (args[name]?.type === "path") return;
  throw new Wrong(
    ["folder"],
    `"${folder}" is no folder`,
    "Write an absolute path, or {argument} of type path.",
  );
}

/** What a statement does is for the database to say; here only whether it fits what is around it. */
function checkSql({ sql, database, effect, arguments: args }: Declaration): void {
  if (sql === undefined) {
    if (database === undefined) return;
    throw new Wrong(["database"], "It names a database and has no sql for it", 'Write "sql": "SELECT …".');
  }
  if (database === undefined) {
    throw new Wrong(["sql"], "It does not say which database", 'Write "database": "NAME", as configured.');
  }
  if (isEmpty(sql)) throw new Wrong(["sql"], "There is no statement in it", 'Write "sql": "SELECT …".');
  if (
    effect === "read" && /^(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|TRUNCATE)$/.test(commandOf(sql))
  ) {
    throw new Wrong(
      ["sql"],
      `${commandOf(sql)} changes something`,
      'Write "effect": "change", or add, or destroy.',
    );
  }
  const used = parametersOf(sql);
  const unknown = used.find((name) => !Object.hasOwn(args, name));
  if (unknown !== undefined) {
    throw new Wrong(
      ["sql"],
      `It uses :${unknown}, which is none of its arguments`,
      "Name it under arguments.",
    );
  }
  const idle = Object.keys(args).find((name) => !used.includes(name));
  if (idle === undefined) return;
  throw new Wrong(
    ["arguments", idle],
    `"${idle}" does not stand in the sql`,
    `Write :${idle} where it belongs, outside of quotes.`,
  );
}

function templatesOf({ command = [], folder, http }: Declaration): Record<string, string[]> {
  return {
    command: command.flatMap((piece) => typeof piece === "string" ? [piece] : piece.args),
    folder: folder === undefined ? [] : [folder],
    http: http === undefined ? [] : [
      http.url,
      ...Object.values(http.query ?? {}),
      ...Object.values(http.form ?? {}),
      ...textsIn(http.json ?? null).texts,
    ],
  };
}
