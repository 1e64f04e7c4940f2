/**
 * Makes `clawhammer.d.ts`: what an editor needs to complete and check a person's own tools with nothing
 * installed. It is put together of our own sources and of the declarations of the installed zod.
 * @module
 */
import { readFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Where zod keeps what its own name `z` holds. */
const ZOD = "v4/classic/external";
const HEAD =
  `// Types of the tools you write for Clawhammer. Made by clawhammer new; do not edit, it is replaced.
// A file of tools names this one in its first line: /// <reference path="./clawhammer.d.ts" />
`;

/** The text of `clawhammer.d.ts`. */
export async function typesText(): Promise<string> {
  const zod = await zodModules();
  const { version, license } = JSON.parse(
    await readFile(join(ROOT, "node_modules/zod/package.json"), "utf8"),
  );
  const own = await Promise.all(
    ["lib/user/contract.ts", "lib/errors.ts", "lib/user/api.ts"].map((path) =>
      readFile(join(ROOT, path), "utf8")
    ),
  );
  const [contract = "", errors = "", api = ""] = own;
  const body = [
    `import * as z from "${nameOf(ZOD)}";\nexport { z };`,
    withoutImports(contract),
    classOf(errors, "ToolError"),
    functionsOf(api),
  ].join("\n");
  return [
    HEAD,
    declared("clawhammer", body),
    `// zod ${version} (${license} licence), https://zod.dev\n`,
    ...[...zod].map(([path, text]) => declared(nameOf(path), text)),
  ].join("\n");
}

/** The declarations of zod that its `z` leads to: paths without an ending, to texts. */
async function zodModules(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const waiting = [ZOD];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    const from = dirname(path);
    const whole = await readFile(join(ROOT, "node_modules/zod", `${path}.d.ts`), "utf8");
    // Messages in sixty languages are of no use to a tool, and as large as everything else.
    const text = whole.replace(/^export \* as locales from .*\n/gm, "").replaceAll(
      /(from |import\()"(\.{1,2}\/[^"]+)\.js"/g,
      (_, before: string, specifier: string) => {
        const target = posix.join(from, specifier);
        waiting.push(target);
        return `${before}"${nameOf(target)}"`;
      },
    );
    found.set(path, text);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function nameOf(path: string): string {
  return `clawhammer/zod/${path}`;
}

/** Inside of a module that is declared everything is: the word is not repeated. */
function declared(name: string, body: string): string {
  const text = body.replace(/^(export )?declare /gm, "$1").trim();
  return `declare module "${name}" {\n${text.replace(/^(?=.)/gm, "  ")}\n}\n`;
}

function withoutImports(text: string): string {
  return withoutHeader(text).replace(/^import .*\n/gm, "");
}

function withoutHeader(text: string): string {
  return text.replace(/^\/\*\*[^]*?\*\/\n/, "");
}

/** A class without the bodies of its methods. Leans on the layout of `deno fmt`. */
function classOf(text: string, name: string): string {
  const whole = new RegExp(`(?:^/\\*\\*(?:(?!\\*/)[^])*\\*/\\n)?^export class ${name} [^]*?^\\}$`, "m").exec(
    text,
  );
  if (whole === null) throw new Error(`There is no class ${name}`);
  return whole[0].replace(/^( {2}\S.*\)(?:: [^{]+)?) \{\n[^]*?^ {2}\}$/gm, "$1;");
}

/** The exported functions without their bodies. */
function functionsOf(text: string): string {
  const pattern = /^((?:\/\*\*(?:(?!\*\/)[^])*\*\/\n)?export function [^]*?) \{\n[^]*?^\}$/gm;
  const found = [...withoutHeader(text).matchAll(pattern)].map(([, signature]) => `${signature};`);
  if (found.length === 0) throw new Error("There are no functions to declare");
  return found.join("\n\n");
}
