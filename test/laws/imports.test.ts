import { isBuiltin } from "node:module";
import { type Law, testLaws } from "./law.ts";
import { type Import, importsOf, isCode, isProduct, packageOf, type SourceFile } from "./source.ts";

/** Built-in modules with which a tool would reach around its context. */
const REACHES_OUT =
  /^(node:)?(fs|child_process|net|tls|dgram|dns|http|https|http2|worker_threads|cluster|process|vm)(\/.*)?$/;

/** What stands above the tools: they are handed to it, and never ask for it. */
const ABOVE_TOOLS = /^lib\/(app|call|config|log|server)\.ts$|^lib\/(cli|config|transports)\//;

/** The module a file of tools belongs to: tools/files/read.ts and tools/files/index.ts to "files". */
function moduleOf(path: string): string | undefined {
  return /^tools\/([^/.]+)/.exec(path)?.[1];
}

/**
 * Applies a rule to each import of the files that `about` selects; the rule says what is wrong, or nothing.
 */
function eachImport(
  about: (file: SourceFile) => boolean,
  wrong: (one: Import, file: SourceFile) => string | undefined,
): Law["check"] {
  return (files) =>
    files.filter(isCode).filter(about).flatMap((file) =>
      importsOf(file).flatMap((one) => {
        const fault = wrong(one, file);
        return fault === undefined ? [] : [`${file.path}:${one.line}: imports "${one.specifier}"; ${fault}`];
      })
    );
}

function valueImports(files: readonly SourceFile[]): Map<string, string[]> {
  return new Map(
    files.filter(isCode).map((file) => {
      const values = importsOf(file).filter((one) => one.how === "static" && !one.typeOnly);
      return [file.path, values.flatMap((one) => one.path ?? [])];
    }),
  );
}

/** Each cycle once, as the paths along it. */
function cycles(files: readonly SourceFile[]): string[] {
  const graph = valueImports(files);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      found.push(`${[...trail.slice(start), path].join(" -> ")}: import a type only, or move what both need`);
    }
    if (start >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

/** The files reached from `roots` through imports of any kind. */
function reached(files: readonly SourceFile[], roots: readonly string[]): Set<string> {
  const imports = new Map(
    files.filter(isCode).map((file) => [file.path, importsOf(file).flatMap((one) => one.path ?? [])]),
  );
  const seen = new Set<string>();
  const waiting = [...roots];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    waiting.push(...imports.get(path) ?? []);
  }
  return seen;
}

function unusedFiles(files: readonly SourceFile[]): string[] {
  const code = files.filter(isCode).map((file) => file.path);
  const pages = files.filter((file) => file.path.endsWith(".md"));
  const programs = code.filter((path) =>
    path === "main.ts" || /^(scripts|bench)\//.test(path) ||
    (path.startsWith("test/") && pages.some((page) => page.text.includes(path)))
  );
  const used = reached(files, programs);
  const tested = reached(files, [...programs, ...code.filter((path) => path.endsWith(".test.ts"))]);
  return code.flatMap((path) => {
    if (/^(lib|tools)\//.test(path) && !used.has(path)) {
      return [`${path}: main.ts does not reach it; use it or delete it`];
    }
    if (/^test\//.test(path) && !tested.has(path)) {
      return [`${path}: no test reaches it and no page names it; use it or delete it`];
    }
    return [];
  });
}

/** What package.json says of dependencies, against what is imported. */
function dependencies(files: readonly SourceFile[]): string[] {
  const manifest = files.find((file) => file.path === "package.json");
  if (manifest === undefined) return ["package.json: missing"];
  const { dependencies = {}, devDependencies = {} } = JSON.parse(manifest.text);
  const used = new Set<string>();
  const missing = eachImport(() => true, ({ specifier, typeOnly, how }, file) => {
    const name = how === "named" ? undefined : packageOf(specifier);
    if (name === undefined) return undefined;
    if (isProduct(file)) used.add(name);
    if (Object.hasOwn(dependencies, name)) return undefined;
    if (Object.hasOwn(devDependencies, name) && (typeOnly || !isProduct(file))) return undefined;
    return `add "${name}" to the dependencies of package.json, exactly pinned`;
  })(files);
  const idle = Object.keys(dependencies).filter((name) => !used.has(name));
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, range]) =>
    !/^\d/.test(String(range))
  );
  return [
    ...missing,
    ...idle.map((name) => `package.json: nothing imports the dependency "${name}"; remove it`),
    ...loose.map(([name, range]) => `package.json: "${name}" is "${range}"; pin an exact version`),
  ];
}

const LAWS: Law[] = [
  {
    rule: "only main.ts and tests import tools",
    check: eachImport(
      (file) => file.path !== "main.ts" && !file.path.startsWith("test/"),
      ({ path }, file) => {
        const module = path === undefined ? undefined : moduleOf(path);
        if (module === undefined || module === moduleOf(file.path)) return undefined;
        return "only main.ts and tests may; hand over what is needed as an argument";
      },
    ),
    bad: [
      { "lib/call.ts": 'import { time } from "../tools/time.ts";\n' },
      { "tools/git.ts": 'import { helper } from "./files/index.ts";\n' },
      { "scripts/docs.ts": 'const { time } = await import("../tools/time.ts");\n' },
      { "lib/server.ts": 'import type { Search } from "../tools/search.ts";\n' },
    ],
    good: [{
      "main.ts": 'import { time } from "./tools/time.ts";\n',
      "tools/files/index.ts": 'import { a } from "./read.ts";\n',
    }],
  },
  {
    rule: "tools import neither the program around them nor what reaches out of their context",
    check: eachImport(({ path }) => path.startsWith("tools/"), ({ specifier, path = "" }) => {
      if (ABOVE_TOOLS.test(path)) return "a tool is a leaf; it is given what it needs as ctx";
      if (/^(main\.ts|test\/|scripts\/|bench\/)/.test(path)) return "a tool imports only lib/ and packages";
      if (REACHES_OUT.test(specifier)) {
        return "a tool reaches files through ctx.files and the rest through lib/";
      }
      return undefined;
    }),
    bad: [
      { "tools/a.ts": 'import { createServer } from "../lib/server.ts";\n' },
      { "tools/a.ts": 'import { readConfig } from "../lib/config/file.ts";\n' },
      { "tools/a.ts": 'import { print } from "../lib/cli/output.ts";\n' },
      { "tools/a/b.ts": 'import { readFile } from "node:fs/promises";\n' },
      { "tools/a.ts": 'export const f = async () => await import("node:child_process");\n' },
      { "tools/a.ts": 'import process from "node:process";\n' },
    ],
    good: [{
      "tools/a.ts": 'import { basename } from "node:path";\nimport { text } from "../lib/reply.ts";\n',
    }],
  },
  {
    rule: "the SDK appears only in lib/server.ts, lib/server and lib/transports",
    check: eachImport(isProduct, ({ specifier }, file) => {
      if (!specifier.startsWith("@modelcontextprotocol/")) return undefined;
      if (/^lib\/(server\.ts|server\/|transports\/)/.test(file.path)) return undefined;
      return "use our own types of lib/tool.ts, lib/wire.ts and lib/reply.ts";
    }),
    bad: [
      { "lib/call.ts": 'import type { Tool } from "@modelcontextprotocol/server";\n' },
      { "tools/a.ts": 'import { McpServer } from "@modelcontextprotocol/server";\n' },
    ],
    good: [{ "lib/transports/http.ts": 'import { a } from "@modelcontextprotocol/server";\n' }],
  },
  {
    rule: "lib does not import the command line or main.ts, and the server no transport",
    check: eachImport(
      ({ path }) => path.startsWith("lib/") && !path.startsWith("lib/cli/"),
      ({ path = "" }, file) => {
        if (
          path.startsWith("lib/cli/") || path === "main.ts"
        ) return "the command line imports lib, never the reverse";
        if (path.startsWith("test/")) return "tests import the program, never the reverse";
        if (path.startsWith("lib/transports/") && !file.path.startsWith("lib/transports/")) {
          return "only the command line picks a transport";
        }
        return undefined;
      },
    ),
    bad: [
      { "lib/log.ts": 'import { print } from "./cli/output.ts";\n' },
      { "lib/server.ts": 'import { serveStdio } from "./transports/stdio.ts";\n' },
    ],
  },
  {
    rule: "imports name files with their extension and built-in modules with node:",
    check: eachImport(() => true, ({ specifier, path, how }) => {
      if (how !== "named" && path !== undefined && !/\.(ts|mjs|json)$/.test(path)) {
        return "add the extension .ts";
      }
      if (isBuiltin(specifier) && !/^(node|bun):/.test(specifier)) return `write "node:${specifier}"`;
      return undefined;
    }),
    bad: [
      { "lib/a.ts": 'import { b } from "./b";\n' },
      { "lib/a.ts": 'import { join } from "path";\n' },
    ],
  },
  {
    rule: "no cycles of value imports",
    check: cycles,
    bad: [
      {
        "lib/a.ts": 'import { b } from "./b.ts";\n',
        "lib/b.ts": 'import { c } from "./c/c.ts";\n',
        "lib/c/c.ts": 'export { a } from "../a.ts";\n',
      },
      { "lib/a.ts": 'import { a } from "./a.ts";\n' },
    ],
    good: [{ "lib/a.ts": 'import { b } from "./b.ts";\n', "lib/b.ts": 'import type { A } from "./a.ts";\n' }],
  },
  {
    rule: "every file is used",
    check: unusedFiles,
    bad: [
      {
        "main.ts": 'import { a } from "./lib/a.ts";\n',
        "lib/a.ts": "",
        "lib/dead.ts": 'import { a } from "./a.ts";\n',
      },
      { "main.ts": "", "lib/a.ts": "", "test/lib/a.test.ts": 'import { a } from "../../lib/a.ts";\n' },
      { "main.ts": "", "test/helper.ts": "" },
    ],
    good: [{
      "main.ts": 'const a = () => import("./lib/a.ts");\n',
      "lib/a.ts": 'const worker = new URL("./worker.ts", import.meta.url);\n',
      "lib/worker.ts": "",
      "test/stress.ts": "",
      "AGENTS.md": "`bun test/stress.ts`\n",
    }],
  },
  {
    rule: "package.json pins exactly the packages that are imported",
    check: dependencies,
    bad: [
      { "package.json": '{"dependencies":{"zod":"4.0.0"}}', "lib/a.ts": "" },
      { "package.json": '{"dependencies":{"zod":"^4.0.0"}}', "lib/a.ts": 'import { z } from "zod";\n' },
      { "package.json": '{"devDependencies":{"zod":"4.0.0"}}', "lib/a.ts": 'import { z } from "zod";\n' },
      { "package.json": "{}", "test/a.test.ts": 'import { z } from "@scope/zod/mini";\n' },
    ],
    good: [{
      "package.json": '{"dependencies":{"zod":"4.0.0"}}',
      "lib/a.ts": 'import { z } from "zod/mini";\n',
    }],
  },
];

testLaws(LAWS);
