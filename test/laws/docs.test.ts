import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { renderMarkdown } from "../../lib/cli/tools.ts";
import { sharedFlags } from "../../lib/config/flags.ts";
import { modules } from "../../main.ts";
import { type Law, testLaws } from "./law.ts";
import { readTree, type SourceFile } from "./source.ts";

const EXAMPLE = "claude_desktop_config.example.json";

/** Methods of the protocol that look like paths of ours. */
const METHODS = ["tools/list", "tools/call"];

/** The pages people read, except those made by a program. */
function pages(files: readonly SourceFile[]): SourceFile[] {
  return files.filter(({ path }) =>
    path.endsWith(".md") && path !== "docs/tools.md" && !path.startsWith("test/")
  );
}

/** Words in code of a page, `inline` and in blocks, each with its line. */
function codeWords(page: SourceFile): { word: string; command: string; line: number }[] {
  let inBlock = false;
  return page.text.split("\n").flatMap((text, i) => {
    if (/^\s*```/.test(text)) inBlock = !inBlock;
    const commands = inBlock ? [text] : [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
    return commands.flatMap((command) =>
      command.split(/[\s,;"'()[\]{}|]+/).map((word) => ({ word, command, line: i + 1 }))
    );
  });
}

/** Paths of our own tree that pages name and that do not exist. */
function missingPaths(files: readonly SourceFile[]): string[] {
  const known = new Set(
    files.flatMap(({ path }) => path.split("/").map((_, i, parts) => parts.slice(0, i + 1).join("/"))),
  );
  const folders = new Set(
    files.filter(({ path }) => path.includes("/")).map(({ path }) => path.split("/")[0] ?? ""),
  );
  return pages(files).flatMap((page) => {
    const words = codeWords(page).map(({ word, line }) => ({ path: word.replace(/^\.\//, ""), line })).filter(
      ({ path }) =>
        path.includes("/") && !METHODS.includes(path) && folders.has(path.split("/")[0] ?? "") &&
        /^[\w.@*/-]+$/.test(path),
    );
    const links = page.text.split("\n").flatMap((text, i) =>
      [...text.matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)].map((match) => ({
        path: posix.join(posix.dirname(page.path), match[1] ?? ""),
        line: i + 1,
      }))
    );
    return [...words, ...links]
      .filter(({ path }) => !known.has(path.replace(/\/?\*.*$/, "").replace(/\/$/, "")))
      .map(({ path, line }) => `${page.path}:${line}: names "${path}", which does not exist`);
  });
}

function knownFlags(): Set<string> {
  const flags = [...sharedFlags(), ...COMMANDS.flatMap((command) => command.flags)];
  return new Set(["--help", "--version", "--licenses", ...flags.map(({ flag }) => flag)]);
}

/** Flags of `clawhammer` that pages name and that it does not have. */
function unknownFlags(files: readonly SourceFile[]): string[] {
  const known = knownFlags();
  return pages(files).flatMap((page) =>
    codeWords(page).filter(({ word, command }) =>
      /^--[a-z]/.test(word) && (command === word || /\bclawhammer\b[^|]*--/.test(command)) &&
      !known.has(word.replace(/=.*$/, ""))
    ).map(({ word, line }) => `${page.path}:${line}: names ${word}, which is no flag of clawhammer`)
  );
}

/** Verbs of npm and Deno that pages name and that do not exist. */
function unknownVerbs(files: readonly SourceFile[]): string[] {
  const parse = (path: string) => JSON.parse(files.find((file) => file.path === path)?.text ?? "{}");
  const { scripts = {} } = parse("package.json");
  const { tasks = {} } = parse("deno.json");
  return pages(files).flatMap((page) =>
    codeWords(page).flatMap(({ command, word, line }) => {
      const [, npm] = /^\s*(?:\$ )?npm run ([\w:-]+)/.exec(command) ?? [];
      const [, deno] = /^\s*(?:\$ )?deno task ([\w:-]+)/.exec(command) ?? [];
      if (npm === word && !Object.hasOwn(scripts, npm)) {
        return [`${page.path}:${line}: "npm run ${npm}" does not exist`];
      }
      if (deno === word && !Object.hasOwn(tasks, deno)) {
        return [`${page.path}:${line}: "deno task ${deno}" does not exist`];
      }
      return [];
    })
  );
}

/** What is wrong with the example of a configuration of Claude Desktop. */
function exampleFaults(files: readonly SourceFile[]): string[] {
  const example = files.find(({ path }) => path === EXAMPLE);
  if (example === undefined) return [`${EXAMPLE}: missing`];
  const servers = Object.entries<{ command?: unknown; args?: unknown }>(
    JSON.parse(example.text).mcpServers ?? {},
  );
  const known = knownFlags();
  return [
    ...(servers.length === 0 ? [`${EXAMPLE}: has no server under "mcpServers"`] : []),
    ...servers.flatMap(([name, { command, args }]) => {
      if (typeof command !== "string" || !Array.isArray(args)) {
        return [`${EXAMPLE}: "${name}" needs a command and args`];
      }
      return args.filter((arg) => String(arg).startsWith("--") && !known.has(String(arg).replace(/=.*$/, "")))
        .map((arg) => `${EXAMPLE}: "${name}" has ${arg}, which is no flag of clawhammer`);
    }),
  ];
}

const LAWS: Law[] = [
  {
    rule: "pages name only files that exist",
    check: missingPaths,
    bad: [
      { "README.md": "Read `lib/gone.ts`.\n", "lib/a.ts": "" },
      { "AGENTS.md": "```\nbun test lib/gone/a.test.ts\n```\n", "lib/a.ts": "" },
      { "docs/a.md": "[License](../LICENCE)\n", "LICENSE": "" },
    ],
    good: [{
      "README.md": "`lib/`, `lib/*`, `./lib/a.ts`, `a/b`, [page](docs/b.md#c) and [site](https://a.b/c)",
      "lib/a.ts": "",
      "docs/b.md": "",
    }],
  },
  {
    rule: "pages name only flags that clawhammer has",
    check: unknownFlags,
    bad: [{ "README.md": "`clawhammer serve --alow ~/x`\n" }, { "AGENTS.md": "`--no-such-flag`\n" }],
    good: [{ "README.md": "`clawhammer serve --allow=~/x`, `bun build --compile`, `--read-only`\n" }],
  },
  {
    rule: "pages name only verbs that package.json and deno.json have",
    check: unknownVerbs,
    bad: [{ "README.md": "`npm run biuld`\n" }, { "README.md": "```\ndeno task biuld\n```\n" }],
    good: [{ "README.md": "`npm run build`\n", "package.json": '{"scripts":{"build":"x"}}' }],
  },
  {
    rule: `${EXAMPLE} starts clawhammer with flags it has`,
    check: exampleFaults,
    bad: [
      {},
      { [EXAMPLE]: '{"mcpServers":{}}' },
      { [EXAMPLE]: '{"mcpServers":{"a":{"command":"/a","args":["--alow","/b"]}}}' },
      { [EXAMPLE]: '{"mcpServers":{"a":{"args":["--allow","/b"]}}}' },
    ],
    good: [{ [EXAMPLE]: '{"mcpServers":{"a":{"command":"/a","args":["serve","--allow","/b"]}}}' }],
  },
];

testLaws(LAWS);

/** Where a generated page differs from what its generator makes now. */
function outdated(page: string | undefined, made: string): string[] {
  if (page === undefined) return ["docs/tools.md is missing; run npm run docs"];
  const [is, now] = [page.trimEnd().split("\n"), made.trimEnd().split("\n")];
  const line = now.findIndex((one, i) => one !== is[i]);
  if (line < 0 && is.length === now.length) return [];
  const at = line < 0 ? now.length : line;
  return [
    `docs/tools.md:${at + 1}: is "${is[at] ?? ""}", the definitions say "${now[at] ?? ""}"; run npm run docs`,
  ];
}

test("law: docs/tools.md is what the definitions say", async () => {
  const tools = modules.flatMap((module) => module.tools).sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = (await readTree()).find(({ path }) => path === "docs/tools.md")?.text;
  assert.deepEqual(outdated(page, renderMarkdown(modules, tools)), []);
});

test("law rejects its bad samples: a page that is missing or differs", () => {
  assert.deepEqual(outdated("a\nb\n", "a\nb"), []);
  for (const page of [undefined, "", "a\n", "a\nc\n", "a\nb\nc\n"]) {
    assert.equal(outdated(page, "a\nb\n").length, 1);
  }
});
