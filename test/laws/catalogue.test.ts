import assert from "node:assert/strict";
import { test } from "node:test";
import { INSTRUCTIONS_CHARS_MAX, TOOL_CHARS_MAX, TOOLS_LIST_CHARS_MAX } from "../../lib/limits.ts";
import type { AnyTool, Module, Prompt } from "../../lib/tool.ts";
import { type JsonSchema, type WireTool, wireTool } from "../../lib/wire.ts";
import { modules } from "../../main.ts";
import { readTree, type SourceFile } from "./source.ts";

/** Characters of these four modules, so that the modules to come have room. */
const FIRST_MODULES_CHARS_MAX = 12_000;
const FIRST_MODULES = ["files", "search", "time", "thinking"];

/**
 * Levels of objects and lists a model has to nest: a list of flat objects is the most that models fill in
 * reliably.
 */
const NESTING_MAX = 2;

/**
 * Names that stand for paths: an argument called so is checked before the tool runs, or the law is broken.
 */
const PATH_NAMES = /^(paths?|source|destination|repo|directory|folder|file|root)$/;

/**
 * Paths that are checked elsewhere: those a tool gives to ctx.files one by one, so that a wrong one does not
 * fail the whole call, and those inside a repository, which may name what existed only in the past.
 */
const ONE_BY_ONE = [
  "read_multiple_files.paths",
  "git_diff.paths",
  "git_stage.paths",
  "git_log.path",
  "git_show.path",
];

/** Keywords that hosts refuse at the root, or that drop every tool of a server. */
const ROOT_FORBIDDEN = ["anyOf", "oneOf", "allOf", "not", "$ref", "$defs"];
const FORBIDDEN = ["exclusiveMinimum", "exclusiveMaximum", "$ref", "$defs", "patternProperties"];

/** What a check is given: a tool, and what of it goes over the wire. */
interface Subject {
  readonly tool: AnyTool;
  readonly wire: WireTool;
}

interface ToolLaw {
  readonly rule: string;
  /** What is wrong with it; what to do instead. */
  check(subject: Subject): string[];
  /** Changes to a good tool that must be rejected. */
  readonly bad: readonly { readonly tool?: Partial<AnyTool>; readonly wire?: object }[];
}

/** Every schema inside a schema, with the path to it and its level. */
function schemas(
  schema: JsonSchema,
  path = "",
  level = 0,
): { path: string; level: number; schema: JsonSchema }[] {
  const inner = [
    ...Object.entries(schema.properties ?? {}).map(([name, one]) =>
      schemas(one, `${path}.${name}`, level + 1)
    ),
    ...(schema.items === undefined ? [] : [schemas(schema.items, `${path}[]`, level)]),
  ];
  return [{ path, level, schema }, ...inner.flat()];
}

function withParameter(schema: object): { wire: object } {
  return {
    wire: { inputSchema: { type: "object", properties: { a: schema }, additionalProperties: false } },
  };
}

const LAWS: ToolLaw[] = [
  {
    rule: "names are snake_case of 2 to 40 characters",
    check: ({ wire }) => /^[a-z][a-z0-9_]{1,39}$/.test(wire.name) ? [] : ["rename it in snake_case"],
    bad: ["ReadFile", "read-file", "r", "1st", "a".repeat(41), "read file"].map((name) => ({
      wire: { name },
    })),
  },
  {
    rule: "every tool has a title",
    check: ({ wire }) => /^\S.{1,58}\S$/.test(wire.title) ? [] : ["give it a title of 3 to 60 characters"],
    bad: [{ wire: { title: "" } }, { wire: { title: " Read" } }, { wire: { title: "a".repeat(61) } }],
  },
  {
    rule: "descriptions have 40 to 1,024 characters",
    check: ({ wire: { description } }) =>
      description.length >= 40 && description.length <= 1_024 && description === description.trim() ? [] : [
        `its description has ${description.length} characters; say what it does and when to use it`,
      ],
    bad: [{ wire: { description: "Reads a file" } }, { wire: { description: "a".repeat(1_025) } }],
  },
  {
    rule: "every parameter is described",
    check: ({ wire }) =>
      schemas(wire.inputSchema).filter(({ path, schema }) =>
        path !== "" && !path.endsWith("[]") && String(schema.description ?? "").trim().length < 3
      ).map(({ path }) => `describe ${path.slice(1)} with .describe("…")`),
    bad: [
      withParameter({ type: "string" }),
      withParameter({ type: "string", description: " " }),
      withParameter({
        type: "array",
        description: "List",
        items: { type: "object", properties: { b: { type: "string" } } },
      }),
    ],
  },
  {
    rule: "input schemas are closed objects without unions at the root",
    check: ({ wire: { inputSchema } }) => [
      ...(inputSchema.type === "object" ? [] : ['its schema has no type "object"']),
      ...(inputSchema.additionalProperties === false
        ? []
        : ["its schema accepts unknown arguments; use a strict object"]),
      ...ROOT_FORBIDDEN.filter((keyword) => keyword in inputSchema).map((keyword) =>
        `its schema has ${keyword} at the root`
      ),
    ],
    bad: [
      { wire: { inputSchema: { type: "array", additionalProperties: false } } },
      { wire: { inputSchema: { type: "object" } } },
      ...ROOT_FORBIDDEN.map((keyword) => ({
        wire: { inputSchema: { type: "object", additionalProperties: false, [keyword]: [] } },
      })),
    ],
  },
  {
    rule: "input schemas use no keyword that hosts misread, no union, and little nesting",
    check: ({ wire }) =>
      schemas(wire.inputSchema).flatMap(({ path, level, schema }) => [
        ...FORBIDDEN.filter((keyword) => keyword in schema).map((keyword) =>
          `${path.slice(1)} uses ${keyword}`
        ),
        ...(path !== "" && schema.type === undefined
          ? [`${path.slice(1)} has no single type; avoid unions`]
          : []),
        ...(level > NESTING_MAX ? [`${path.slice(1)} is nested ${level} levels deep; flatten it`] : []),
      ]),
    bad: [
      withParameter({ type: "integer", exclusiveMinimum: 0 }),
      withParameter({ type: "number", exclusiveMaximum: 9 }),
      withParameter({ anyOf: [{ type: "string" }, { type: "number" }] }),
      withParameter({
        type: "object",
        properties: { b: { type: "object", properties: { c: { type: "string" } } } },
      }),
    ],
  },
  {
    rule: "required names only what there is",
    check: ({ wire: { inputSchema } }) =>
      (inputSchema.required ?? []).filter((name) => !Object.hasOwn(inputSchema.properties ?? {}, name))
        .map((name) => `"${name}" is required and not declared`),
    bad: [{ wire: { inputSchema: { type: "object", properties: {}, required: ["a"] } } }],
  },
  {
    rule: "all four hints are stated, and a reader destroys nothing",
    check: ({ wire: { annotations } }) => {
      const hints = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];
      const stated = Object.entries(annotations).filter(([, value]) => typeof value === "boolean").map((
        [name],
      ) => name);
      return [
        ...hints.filter((name) => !stated.includes(name)).map((name) => `state ${name}`),
        ...(annotations.readOnlyHint && annotations.destructiveHint
          ? ["it is read-only and destructive at once"]
          : []),
      ];
    },
    bad: [
      { wire: { annotations: {} } },
      {
        wire: {
          annotations: {
            readOnlyHint: true,
            destructiveHint: true,
            idempotentHint: true,
            openWorldHint: false,
          },
        },
      },
    ],
  },
  {
    rule: "arguments that are paths are declared in paths",
    check: ({ tool, wire }) => [
      ...Object.entries(wire.inputSchema.properties ?? {})
        .filter(([name, { type, items }]) =>
          PATH_NAMES.test(name) && (type === "string" || items?.type === "string") &&
          !tool.paths.includes(name) && !ONE_BY_ONE.includes(`${tool.name}.${name}`)
        ).map(([name]) => `add "${name}" to its paths, so that it is checked before the tool runs`),
      ...tool.paths.filter((name) => !Object.hasOwn(tool.input, name)).map((name) =>
        `paths names "${name}", no argument`
      ),
    ],
    bad: [
      { wire: { inputSchema: { type: "object", properties: { path: { type: "string" } } } } },
      {
        wire: {
          inputSchema: {
            type: "object",
            properties: { paths: { type: "array", items: { type: "string" } } },
          },
        },
      },
      { tool: { paths: ["nowhere"] } },
    ],
  },
  {
    rule: `a tool takes at most ${TOOL_CHARS_MAX} characters`,
    check: ({ wire }) => {
      const { length } = JSON.stringify(wire);
      return length <= TOOL_CHARS_MAX ? [] : [`it takes ${length} characters; shorten its descriptions`];
    },
    bad: [{ wire: { description: "a".repeat(TOOL_CHARS_MAX) } }],
  },
];

const GOOD: AnyTool = {
  name: "read_file",
  title: "Read a file",
  description: "Reads a text file, whole or in part; use search_text to find a place in it",
  effect: "read",
  world: "closed",
  input: {},
  paths: [],
  run: () => ({ parts: [] }),
};

for (const { rule, check, bad } of LAWS) {
  test(`law: ${rule}`, () => {
    const broken = modules.flatMap((module) =>
      module.tools.flatMap((tool) =>
        check({ tool, wire: wireTool(tool) }).map((fault) => `${module.name}: ${tool.name}: ${fault}`)
      )
    );
    assert.equal(broken.join("\n"), "");
  });
  test(`law rejects its bad samples: ${rule}`, () => {
    assert.deepEqual(check({ tool: GOOD, wire: wireTool(GOOD) }), []);
    for (const { tool, wire } of bad) {
      const subject = { tool: { ...GOOD, ...tool }, wire: { ...wireTool(GOOD), ...wire } };
      assert.notDeepEqual(check(subject), [], JSON.stringify({ tool, wire }));
    }
  });
}

function twice(names: readonly string[]): string[] {
  return names.filter((name, i) => names.indexOf(name) !== i);
}

/** Names that two modules, tools or prompts share. */
function sharedNames(all: readonly Module[]): string[] {
  return [
    ...twice(all.map((module) => module.name)),
    ...twice(all.flatMap((module) => module.tools.map((tool) => tool.name))),
    ...twice(all.flatMap((module) => module.prompts.map((prompt) => prompt.name))),
  ].map((name) => `"${name}" is used twice; rename one`);
}

test("law: names of modules, tools and prompts are unique", () => {
  assert.deepEqual(sharedNames(modules), []);
  const module: Module = { name: "a", title: "A", instructions: "", tools: [GOOD], prompts: [] };
  assert.deepEqual(sharedNames([module, { ...module, name: "b" }]), [
    '"read_file" is used twice; rename one',
  ]);
  assert.deepEqual(sharedNames([module, { ...module, tools: [] }]), ['"a" is used twice; rename one']);
});

function listChars(all: readonly Module[]): number {
  return JSON.stringify(all.flatMap((module) => module.tools.map(wireTool))).length;
}

function budgets(all: readonly Module[]): string[] {
  const first = listChars(all.filter((module) => FIRST_MODULES.includes(module.name)));
  const whole = listChars(all);
  const instructions = all.map((module) => module.instructions).join("\n\n").length;
  const over = (what: string, chars: number, max: number) =>
    chars > max
      ? [`${what}: ${chars} characters, at most ${max}; "clawhammer tools --tokens" shows which`]
      : [];
  return [
    ...over("tools/list", whole, TOOLS_LIST_CHARS_MAX),
    ...over(`tools of ${FIRST_MODULES.join(", ")}`, first, FIRST_MODULES_CHARS_MAX),
    ...over("instructions of all modules", instructions, INSTRUCTIONS_CHARS_MAX),
  ];
}

test("law: the list of tools and the instructions keep to their budgets", () => {
  assert.deepEqual(budgets(modules), []);
  const tools = Array.from({ length: 12 }, (): AnyTool => ({ ...GOOD, description: "a".repeat(1_000) }));
  const module: Module = { name: "web", title: "Web", instructions: "", tools, prompts: [] };
  assert.match(budgets([{ ...module, name: "files" }]).join("\n"), /^tools of files[^\n]*$/);
  assert.match(budgets([module, { ...module, name: "git" }]).join("\n"), /^tools\/list[^\n]*$/);
  assert.match(
    budgets([{ ...module, tools: [], instructions: "a".repeat(2_001) }]).join("\n"),
    /^instructions/,
  );
});

function promptFaults(module: Module): string[] {
  const faults = (prompt: Prompt): string[] => [
    ...(/^[a-z][a-z0-9_]{1,39}$/.test(prompt.name) ? [] : ["rename it in snake_case"]),
    ...(prompt.title.trim().length >= 3 ? [] : ["give it a title"]),
    ...(prompt.description.trim().length >= 20 ? [] : ["describe it in 20 characters or more"]),
    ...prompt.arguments.filter((one) => one.description.trim().length < 3).map((one) =>
      `describe its argument "${one.name}"`
    ),
    ...twice(prompt.arguments.map((one) => one.name)).map((name) =>
      `its argument "${name}" is declared twice`
    ),
  ];
  const none = module.prompts.length === 0
    ? [`${module.name}: has no prompt; add one a person would pick`]
    : [];
  return [
    ...none,
    ...module.prompts.flatMap((one) => faults(one).map((fault) => `${module.name}: ${one.name}: ${fault}`)),
  ];
}

test("law: every module has a prompt, and prompts and their arguments are described", () => {
  assert.deepEqual(modules.flatMap(promptFaults), []);
  const prompt: Prompt = {
    name: "tidy",
    title: "Tidy",
    description: "Tidies up a whole folder",
    arguments: [],
    render: () => "",
  };
  const module: Module = { name: "a", title: "A", instructions: "", tools: [], prompts: [prompt] };
  assert.deepEqual(promptFaults(module), []);
  const argument = { name: "folder", description: "Which", required: true };
  for (
    const prompts of [
      [],
      [{ ...prompt, name: "Tidy up" }],
      [{ ...prompt, title: " " }],
      [{ ...prompt, description: "Tidies" }],
      [{ ...prompt, arguments: [{ ...argument, description: "" }] }],
      [{ ...prompt, arguments: [argument, argument] }],
    ]
  ) assert.equal(promptFaults({ ...module, prompts }).length, 1);
});

/** Modules whose file no test in test/tools imports, and tools that no test names in its title. */
function untested(all: readonly Module[], files: readonly SourceFile[]): string[] {
  const tests = files.filter(({ path }) => /^test\/tools\/.*\.test\.ts$/.test(path));
  return all.flatMap((module) => {
    const source = new RegExp(`tools/${module.name}(/[\\w-]+)?\\.ts"`);
    const missing = tests.some(({ text }) => source.test(text))
      ? []
      : [`${module.name}: no test in test/tools imports it`];
    const unnamed = module.tools.filter((tool) => {
      const title = new RegExp(`\\btest\\(\\s*["'\`]${tool.name}\\b`);
      return !tests.some(({ text }) => title.test(text));
    });
    const advice =
      'no test in test/tools has a title that begins with its name, as in test("read_file refuses …")';
    return [...missing, ...unnamed.map((tool) => `${module.name}: ${tool.name}: ${advice}`)];
  });
}

test("law: every module and every tool is tested", async () => {
  assert.deepEqual(untested(modules, await readTree()), []);
  const module: Module = { name: "files", title: "Files", instructions: "", tools: [GOOD], prompts: [] };
  const text = 'import { files } from "../../tools/files/index.ts";\ntest("read_file reads", () => {});\n';
  assert.deepEqual(untested([module], [{ path: "test/tools/files.test.ts", text }]), []);
  assert.equal(untested([module], [{ path: "test/lib/files.test.ts", text }]).length, 2);
  assert.equal(
    untested([module], [{ path: "test/tools/files.test.ts", text: text.replace("read_file", "reads") }])
      .length,
    1,
  );
});
