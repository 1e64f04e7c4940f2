import { test } from "node:test";
import assert from "node:assert/strict";
import { applyChanges, editorOf, Fault } from "../../lib/clients/edit/edit.ts";
import type { Format, Plain } from "../../lib/clients/types.ts";
import { ToolError } from "../../lib/errors.ts";
import { createRandom, type Random } from "../rig/random.ts";

const ENTRY = { command: "/opt/claw hammer", args: ["serve", "--allow", "/home/ada/Documents"] };

async function edit(format: Format, text: string, path: string[], value: Plain | undefined): Promise<string> {
  return applyChanges(await editorOf(format), text, [{ path, value }]);
}

const SERVERS = ["mcpServers", "clawhammer"];

test("JSON: an entry is added at the end, laid out like its neighbours; nothing else changes", async () => {
  const entry = (indent: string, unit: string) =>
    [
      '"clawhammer": {',
      `${indent}${unit}"command": "/opt/claw hammer",`,
      `${indent}${unit}"args": ["serve", "--allow", "/home/ada/Documents"]`,
      `${indent}}`,
    ].join("\n");
  const cases: [string, string][] = [
    ["", `{\n  "mcpServers": {\n    ${entry("    ", "  ")}\n  }\n}\n`],
    [
      '{\n\t"mcpServers": {\n\t\t"a": {}, // mine\n\t},\n\t/* end */\n}',
      `{\n\t"mcpServers": {\n\t\t"a": {}, // mine\n\t\t${entry("\t\t", "\t")},\n\t},\n\t/* end */\n}`,
    ],
    [
      '{\n    "mcpServers": {\n        "a": {} // mine\n        // left\n    }\n}\n',
      `{\n    "mcpServers": {\n        "a": {}, // mine\n        ${
        entry("        ", "    ")
      }\n        // left\n    }\n}\n`,
    ],
    [
      '{"mcpServers":{"a":{}}}',
      `{"mcpServers":{"a":{},"clawhammer":${JSON.stringify(ENTRY)}}}`,
    ],
    [
      '{\n  "mcpServers": {\n    // none yet\n  }\n}',
      `{\n  "mcpServers": {\n    // none yet\n    ${entry("    ", "  ")}\n  }\n}`,
    ],
    ['{ // top\n  "a": 1 }', `{ // top\n  "a": 1,\n  "mcpServers": {\n    ${entry("    ", "  ")}\n  } }`],
  ];
  for (const [text, wanted] of cases) {
    for (const eol of ["\n", "\r\n"]) {
      for (const mark of ["", "\uFEFF"]) {
        const before = mark + text.replaceAll("\n", eol);
        const after = await edit("jsonc", before, SERVERS, ENTRY);
        // A text without any line end has none to follow.
        const expected = mark + (text.includes("\n") ? wanted.replaceAll("\n", eol) : wanted);
        assert.equal(after, expected);
        assert.equal(await edit("jsonc", after, SERVERS, ENTRY), after);
      }
    }
  }
});

test("JSON: one value of an entry is replaced where it stands", async () => {
  const text =
    '{ "mcpServers": { "clawhammer": { "command": "/old", /* k */ "env": {"A": "b"}, "args": [\n2 ] } } }';
  const once = await edit("json", text, [...SERVERS, "command"], "/new");
  assert.equal(once, text.replace("/old", "/new"));
  const twice = await edit("json", once, [...SERVERS, "args"], ["x"]);
  assert.match(twice, /"env": \{"A": "b"\}, "args": \["x"\] \} \} \}$/);
});

test("JSON: removing keeps comments and the comma style of the rest", async () => {
  const cases: [string, string][] = [
    ['{"m":{"c":1}}', '{"m":{}}'],
    ['{"m":{"c":1,"b":2}}', '{"m":{"b":2}}'],
    ['{"m":{"b":2, "c":1}}', '{"m":{"b":2}}'],
    ['{"m":{\n "b":2, // b\n "c":1\n}}', '{"m":{\n "b":2 // b\n}}'],
    ['{"m":{\n "b":2, // b\n "c":1, // c\n}}', '{"m":{\n "b":2, // b // c\n}}'],
    ['{"m":{ // b\n "c":1 }}', '{"m":{ // b\n  }}'],
    ['{"m":{"b":2, // b\n "c":1 }}', '{"m":{"b":2 // b\n  }}'],
    ['{"m":{"b":2 /* , */ , "c":1}}', '{"m":{"b":2 /* , */ }}'],
  ];
  for (const [text, wanted] of cases) assert.equal(await edit("jsonc", text, ["m", "c"], undefined), wanted);
});

test("TOML: an entry becomes a table at the end; long strings and lists are no tables", async () => {
  const text = 'a = """\n[mcp_servers.clawhammer]\n"""\n[mcp_servers.b] # note\nargs = [\n  "]", # [x]\n]\n';
  const path = ["mcp_servers", "clawhammer"];
  const windows = { command: "C:\\Tools\\clawhammer.exe", args: ["serve", 'a"b'] };
  const after = await edit("toml", text, path, windows);
  assert.equal(
    after,
    `${text}\n[mcp_servers.clawhammer]\ncommand = 'C:\\Tools\\clawhammer.exe'\nargs = ["serve", "a\\"b"]\n`,
  );
  assert.equal(await edit("toml", after, path, windows), after);
  assert.equal(await edit("toml", after, path, undefined), text);
  const changed = await edit("toml", after.replace("serve", "serve") + "# end\n", [...path, "args"], ["x"]);
  assert.ok(changed.endsWith('args = ["x"]\n# end\n'));
  const added = await edit("toml", "[mcp_servers.clawhammer] # ours\ncommand = 'x' # y\n[z]\n", [
    ...path,
    "args",
  ], []);
  assert.equal(added, "[mcp_servers.clawhammer] # ours\ncommand = 'x' # y\nargs = []\n[z]\n");
});

test("TOML: sub-tables and dotted keys of an entry go with it", async () => {
  const path = ["mcp_servers", "clawhammer"];
  const text = [
    'model = "x"',
    "",
    '[mcp_servers."clawhammer"]',
    'command = "c"',
    "",
    "[mcp_servers.clawhammer.env]",
    'A = "b"',
    "",
    "# other",
    "[other]",
    "",
  ].join("\r\n");
  assert.equal(await edit("toml", text, path, undefined), 'model = "x"\r\n\r\n# other\r\n[other]\r\n');
  const dotted = 'mcp_servers.clawhammer.command = "c" # d\nmcp_servers.a.command = "e"\n';
  assert.equal(await edit("toml", dotted, path, undefined), 'mcp_servers.a.command = "e"\n');
});

test("TOML: tables in one line are changed in it, and everything around stays", async () => {
  const path = ["mcp_servers", "clawhammer"];
  const servers = [
    '{ a = { command = "x, }", args = ["}", "{"] } }',
    "{a={command='x'},b={command=\"y\"}}",
    "{}",
    "{ }",
    '{ a.command = "x" , "b c".args = [\n  1, # }\n  2,\n] }',
  ];
  for (const table of servers) {
    for (const text of [`# c\nmcp_servers = ${table} # t\nz = 1\n`, `mcp_servers = ${table}`]) {
      const after = await edit("toml", text, path, ENTRY);
      assert.notEqual(after, text);
      assert.equal(await edit("toml", after, path, ENTRY), after);
      const back = await edit("toml", after, path, undefined);
      assert.equal(back, text.replace("{ }", "{}"));
      // Inside of the entry, too.
      const changed = await edit("toml", after, [...path, "args"], ["}"]);
      assert.match(changed, /args = \["}"\]/);
      assert.equal(await edit("toml", changed, path, undefined), back);
    }
  }
  const first = await edit(
    "toml",
    "mcp_servers = {clawhammer={command='c'}, b={command='d'}}\n",
    path,
    undefined,
  );
  assert.equal(first, "mcp_servers = {b={command='d'}}\n");
  const entry = await edit("toml", "[mcp_servers]\nclawhammer = { command = 'c' }\nb = 1\n", [
    ...path,
    "args",
  ], ["x"]);
  assert.equal(entry, "[mcp_servers]\nclawhammer = { command = 'c', args = [\"x\"] }\nb = 1\n");
  // Where it would mean something else, nothing is changed.
  await assert.rejects(
    edit("toml", "mcp_servers = [{ a = 1 }]\n", path, ENTRY),
    (error: unknown) => error instanceof ToolError && error.next.includes("by hand"),
  );
});

test("YAML: an entry is added to the block; indentation and comments are kept", async () => {
  const path = ["extensions", "clawhammer"];
  const text =
    "extensions:\n    developer: # dev\n        args:\n        - a # last\n# end\nGOOSE_MODEL: x\n";
  const after = await edit("yaml", text, path, {
    type: "stdio",
    cmd: "/opt/x y",
    enabled: true,
    args: ["serve"],
  });
  assert.equal(
    after,
    text.replace(
      "# end",
      [
        "    clawhammer:",
        "        type: stdio",
        '        cmd: "/opt/x y"',
        "        enabled: true",
        '        args: ["serve"]',
        "# end",
      ].join("\n"),
    ),
  );
  assert.equal(await edit("yaml", after, path, undefined), text);
  const block = "extensions:\n  clawhammer:\n    cmd: x # c\n    args:\n      - serve\n      - y\n    z: 1\n";
  assert.equal(
    await edit("yaml", block, [...path, "args"], ["serve"]),
    'extensions:\n  clawhammer:\n    cmd: x # c\n    args: ["serve"]\n    z: 1\n',
  );
  const keeping = [
    "extensions:\n  a:\n    t: |+\n      keep\n\n\n",
    "t: >1+\n  keep\n\n\n",
    "a: 1\nt: |+\n\n\n",
  ];
  for (const one of keeping) {
    // Empty lines that belong to a text stay part of it, whatever is added behind them.
    for (const more of ["", "# c\n", "other: 1\n"]) {
      for (const eol of ["\n", "\r\n"]) {
        const text = (one + more).replaceAll("\n", eol);
        const put = await edit("yaml", text, path, ENTRY);
        const back = await edit("yaml", put, path, undefined);
        assert.equal(back.replace(/^extensions: \{\}\r?\n/m, ""), text, JSON.stringify(put));
      }
    }
  }
  const cases = [
    "",
    "# only a comment\n",
    "a: 1",
    "extensions: {}\n",
    "extensions:\nb: 2\n",
    "extensions: {a: {b: 1}}\n",
  ];
  for (const one of cases) {
    const put = await edit("yaml", one, path, ENTRY);
    assert.equal(await edit("yaml", put, path, ENTRY), put);
    const back = await edit("yaml", put, path, undefined);
    assert.ok(
      back.startsWith(one.replace(/extensions:(?= \{\}|\n)/, "extensions:").split("\n")[0] ?? ""),
      back,
    );
  }
});

test("YAML: aliases, anchors and several documents are refused or survive, never broken", async () => {
  const path = ["extensions", "clawhammer"];
  const shared = "base: &b\n  x: 1\nextensions:\n  a: *b\n";
  assert.equal(await edit("yaml", await edit("yaml", shared, path, ENTRY), path, undefined), shared);
  await assert.rejects(edit("yaml", "a: 1\n---\nb: 2\n", path, ENTRY), Fault);
  await assert.rejects(edit("yaml", "extensions: &e {}\nother: *e\n", path, ENTRY), ToolError);
});

/** Random white space and comments, with at least a line end when asked. */
function gap(random: Random, eol: string, comments: boolean): string {
  const pieces = ["", " ", "  ", "\t", eol, eol + "  ", eol + "\t", `${eol}${eol}   `];
  const notes = comments ? [` // "a": {,}${eol}`, "/* , } */", `${eol}  // x${eol}  `] : [];
  return random.pick([...pieces, ...notes]);
}

function randomJson(random: Random, eol: string, comments: boolean, depth: number): string {
  const space = () => gap(random, eol, comments);
  if (depth === 0) {
    return random.pick(["1", "null", '"é\\n,}"', "true", "[]", "{}", `[${space()}1,${space()}"]"]`]);
  }
  const names = ["a", "b b", "command", "c\\u00e9"].slice(0, random.int(5));
  const items = names.map((name) =>
    `${space()}"${name}"${space()}:${space()}${randomJson(random, eol, comments, depth - 1)}${space()}`
  );
  const trailing = comments && items.length > 0 && random.int(3) === 0 ? `,${space()}` : "";
  return `{${items.join(",")}${items.length === 0 ? space() : ""}${trailing}}`;
}

test("JSON property: put then remove gives back a random text, but for space in empty objects", async () => {
  const seed = createRandom().seed;
  for (let round = 0; round < 400; round++) {
    const random = createRandom(seed + round);
    const eol = random.pick(["\n", "\r\n"]);
    const comments = random.int(2) === 0;
    const inner = randomJson(random, eol, comments, 1 + random.int(2));
    const text = random.int(2) === 0
      ? inner
      : `{${gap(random, eol, comments)}"mcpServers":${gap(random, eol, comments)}${inner}${
        gap(random, eol, comments)
      }}`;
    const about = `SEED=${seed + round} ${JSON.stringify(text)}`;
    const editor = await editorOf("jsonc");
    const before = editor.parse(text);
    const after = applyChanges(editor, text, [{ path: SERVERS, value: ENTRY }]);
    const own = "mcpServers" in before ? SERVERS : ["mcpServers"];
    const back = applyChanges(editor, after, [{ path: own, value: undefined }]);
    assert.deepEqual(editor.parse(back), before, about);
    const comparable = (one: string) => one.replace(/\{\s*\}/g, "{}");
    // Comments in an empty object end in the white space that the entry stood on.
    const emptied = /\{\s*(\/\/[^\n]*|\/\*[^]*?\*\/)[^"]*\}/.test(text);
    if (!emptied) assert.equal(comparable(back), comparable(text), about);
    else assert.equal(back.replace(/\s/g, ""), text.replace(/\s/g, ""), about);
  }
});

test("TOML and YAML property: put then remove gives back a random text that ends its last line", async () => {
  const seed = createRandom().seed;
  const toml = [
    "# c",
    "",
    '[mcp_servers.a]\ncommand = "x" # y',
    "[t]\nx = [1,\n 2] # z",
    "[[l]]\nk = '''\n[a]\n'''",
    "[x.'y z']",
    "[u]\ni = { a = 1, b = { c = ['}'] } }",
  ];
  const yaml = [
    "# c",
    "",
    "k: v # w",
    "l:\n- 1\n-   2",
    "t: |\n  a: b\n  c",
    "s: |+\n  x\n\n",
    "f: {a: [1, 2]}",
  ];
  for (let round = 0; round < 150; round++) {
    const random = createRandom(seed + round);
    const eol = random.pick(["\n", "\r\n"]);
    for (
      const [format, pieces, container] of [["toml", toml, "mcp_servers"], [
        "yaml",
        yaml,
        "extensions",
      ]] as const
    ) {
      // A piece at most once, because keys may not repeat.
      const chosen = pieces.filter(() => random.int(2) === 0).sort(() => random.int(3) - 1);
      const servers = format === "yaml" ? ["extensions:\n   a:\n      cmd: x # y"] : [];
      const lines = [...chosen, ...servers].map((piece) => `${piece}\n`);
      const text = lines.join("").replaceAll("\n", eol);
      const editor = await editorOf(format);
      const after = applyChanges(editor, text, [{ path: [container, "clawhammer"], value: ENTRY }]);
      const back = applyChanges(editor, after, [{ path: [container, "clawhammer"], value: undefined }]);
      assert.equal(back, text, `SEED=${seed + round} ${format} ${JSON.stringify(text)}`);
    }
  }
});

test("null in the place of the servers is filled; a list or text there is somebody's", async () => {
  assert.equal(
    await edit("json", '{"mcpServers":null}', SERVERS, ENTRY),
    `{"mcpServers":{"clawhammer":${JSON.stringify(ENTRY)}}}`,
  );
  const lines = await edit("json", '{\r\n  "mcpServers": null, // none\r\n  "a": 1\r\n}', SERVERS, ENTRY);
  assert.match(
    lines,
    /^\{\r\n {2}"mcpServers": \{\r\n {4}"clawhammer": \{\r\n[^]*\}\r\n {2}\}, \/\/ none\r\n {2}"a"/,
  );
  for (const other of ["[]", '"x"', "1"]) {
    await assert.rejects(edit("json", `{"mcpServers": ${other}}`, SERVERS, ENTRY), Fault);
  }
});

test("YAML: a map in braces may end with a comma", async () => {
  const after = await edit("yaml", "extensions: {\n  a: { cmd: x },\n}\n", ["extensions", "b"], { cmd: "y" });
  assert.equal(after, 'extensions: {\n  a: { cmd: x }, "b": {"cmd":"y"}\n}\n');
});

test("what cannot be added is shown as the format writes it", async () => {
  const path = ["mcp_servers", "clawhammer"];
  await assert.rejects(
    edit("toml", "mcp_servers = [{ command = 'x' }]\n", path, ENTRY),
    (error) =>
      error instanceof ToolError &&
      /by hand:\n\[mcp_servers\.clawhammer\]\ncommand = "/.test(error.next ?? ""),
  );
});
