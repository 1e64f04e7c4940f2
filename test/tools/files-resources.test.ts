import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { ToolError } from "../../lib/errors.ts";
import { MEDIA_BYTES_MAX } from "../../lib/limits.ts";
import { filePrompts } from "../../tools/files/prompts.ts";
import { fileResources } from "../../tools/files/resources.ts";
import { withSandbox } from "../support.ts";

const [template] = fileResources.templates;
const NAMES = [
  "plain.txt",
  "with space.txt",
  "über 日本.md",
  "a#b.txt",
  "a?b.txt",
  "100%.txt",
  "%41.txt",
  "[x]{y}.txt",
];

/** What a client makes of `file:///{+path}` (RFC 6570, 3.2.3): reserved characters and triplets stay. */
function expand(value: string): string {
  return `file:///${
    encodeURI(value).replace(/%25([0-9A-F]{2})/gi, "%$1").replaceAll("%5B", "[").replaceAll("%5D", "]")
  }`;
}

test("fileResources.list: allowed folders first, then their files, every URI readable", async () => {
  await withSandbox([], async ({ caller, dir, put }) => {
    await put(Object.fromEntries(NAMES.map((name) => [name, `content of ${name}`])));
    await put({ "sub/not-listed.txt": "" });
    const ctx = await caller.context();
    const { resources, next } = await fileResources.list(undefined, ctx);
    assert.equal(next, undefined);
    assert.deepEqual(resources[0], {
      uri: `${pathToFileURL(dir).href}/`,
      name: basename(dir),
      title: dir,
      description: "Allowed folder",
      mimeType: "inode/directory",
    });
    assert.deepEqual(resources.slice(1).map((resource) => resource.name), [...NAMES].sort());
    for (const { uri, name, size } of resources.slice(1)) {
      const contents = await fileResources.read(uri, ctx);
      assert.deepEqual(contents?.map((one) => one.text), [`content of ${name}`]);
      assert.equal(size, Buffer.byteLength(`content of ${name}`));
    }
  });
});

test("fileResources.list: pages cover every file once, and a foreign cursor is refused", async () => {
  await withSandbox([], async ({ caller, dir }) => {
    await Promise.all(Array.from({ length: 250 }, (_, index) => writeFile(join(dir, `f${index}`), "")));
    const ctx = await caller.context();
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const { resources, next } = await fileResources.list(cursor, ctx);
      assert.ok(resources.length <= 100);
      names.push(...resources.map((resource) => resource.name));
      cursor = next;
    } while (cursor !== undefined);
    assert.equal(new Set(names).size, 251);
    assert.equal(names.length, 251);
    for (const foreign of ["", "x", "1.0", "0", "0.0.0", "-1.0"]) {
      await assert.rejects(fileResources.list(foreign, ctx), ToolError);
    }
  });
});

test("fileResources.read: texts, bytes and folders; other schemes are undefined", async () => {
  await withSandbox([], async ({ caller, dir, put }) => {
    const png = Buffer.from("\x89PNG\r\n\x1a\n\0\0", "latin1");
    await put({
      "a.md": "# ü\r\n",
      "wide.txt": Buffer.from("\ufeffhé", "utf16le"),
      "p": png,
      "sub/x.txt": "1",
    });
    const ctx = await caller.context();
    const read = (name: string) => fileResources.read(`${pathToFileURL(dir).href}/${name}`, ctx);
    assert.deepEqual((await read("a.md"))?.[0], {
      uri: `${pathToFileURL(dir).href}/a.md`,
      mimeType: "text/markdown",
      text: "# ü\r\n",
    });
    assert.equal((await read("wide.txt"))?.[0]?.text, "hé");
    const [bytes] = await read("p") ?? [];
    assert.equal(bytes?.mimeType, "image/png");
    assert.deepEqual(Buffer.from(bytes?.bytes ?? []), png);
    assert.equal((await read("sub"))?.[0]?.text, `${dir}/sub: 1 file\nx.txt  1 B`);
    assert.equal((await read("sub/"))?.[0]?.text, `${dir}/sub: 1 file\nx.txt  1 B`);
    for (const uri of ["https://example.com/", "memory://graph", "file", ""]) {
      assert.equal(await fileResources.read(uri, ctx), undefined);
    }
  });
});

test("fileResources.read refuses what is outside, missing, or too large for one reply", async () => {
  await withSandbox([], async ({ caller, dir, outside, put }) => {
    await writeFile(join(outside, "secret.txt"), "secret");
    await symlink(join(outside, "secret.txt"), join(dir, "link.txt"));
    await put({
      "large.txt": "x".repeat(1_000_001),
      "quotes.txt": '"'.repeat(600_000),
      "large.bin": Buffer.alloc(MEDIA_BYTES_MAX + 1),
    });
    const ctx = await caller.context();
    const base = pathToFileURL(dir).href;
    const uris = [
      "file:///etc/passwd",
      "file://server/share/x",
      "file:///%ZZ",
      "file:",
      `${base}/../allowed-not/secret.txt`,
      `${base}/%2e%2e/allowed-not/secret.txt`,
      `${base}/..%2fallowed-not/secret.txt`,
      ...["link.txt", "missing.txt", "large.txt", "quotes.txt", "large.bin"].map((name) => `${base}/${name}`),
    ];
    for (const uri of uris) await assert.rejects(fileResources.read(uri, ctx), ToolError, uri);
  });
});

test("fileResources.templates: completion offers real entries, whose URIs can be read", async () => {
  await withSandbox([], async ({ caller, dir, put }) => {
    await put(Object.fromEntries(NAMES.map((name) => [name, `content of ${name}`])));
    await put({ "sub/deep/x.txt": "x" });
    const ctx = await caller.context();
    const complete = async (value: string) => await template?.complete("path", value, ctx) ?? [];
    const bare = dir.slice(1);
    assert.deepEqual(await complete(""), [`${bare}/`]);
    assert.deepEqual(await complete(bare.slice(0, 6)), [`${bare}/`]);
    assert.deepEqual(await complete(`${bare}/SU`), [`${bare}/sub/`]);
    assert.deepEqual(await complete(`/${bare}/sub/`), [`${bare}/sub/deep/`]);
    assert.deepEqual(await complete("etc/pass"), []);
    assert.deepEqual(await complete(`${bare}/../`), []);
    const offered = await complete(`${bare}/`);
    assert.equal(offered.length, NAMES.length + 1);
    for (const value of offered.filter((one) => !one.endsWith("/"))) {
      const [contents] = await fileResources.read(expand(value), ctx) ?? [];
      assert.match(contents?.text ?? "", /^content of /, value);
      assert.ok((await complete(value)).includes(value), `completing ${value} again offers it`);
    }
  });
});

test("fileResources.templates: at most 100 values, and none from outside through a link", async () => {
  await withSandbox([], async ({ caller, dir, outside }) => {
    await Promise.all(Array.from({ length: 130 }, (_, index) => writeFile(join(dir, `f${index}`), "")));
    await writeFile(join(outside, "secret.txt"), "");
    await symlink(outside, join(dir, "out"));
    const ctx = await caller.context();
    assert.equal((await template?.complete("path", `${dir}/f`, ctx))?.length, 100);
    assert.deepEqual(await template?.complete("path", `${dir}/out/`, ctx), []);
    assert.deepEqual(await template?.complete("other", dir, ctx), []);
  });
});

test("filePrompts: each is about its folder and refuses one outside or missing", async () => {
  await withSandbox([], async ({ caller, dir, outside }) => {
    const ctx = await caller.context();
    await mkdir(join(dir, "My Papers"));
    for (const prompt of filePrompts) {
      const text = await prompt.render({ folder: "My Papers" }, ctx);
      assert.ok(text.includes(`"${dir}/My Papers"`), prompt.name);
      assert.ok(text.includes("list_directory"), prompt.name);
      for (const folder of [outside, "/etc", "missing"]) {
        await assert.rejects(async () => await prompt.render({ folder }, ctx), ToolError);
      }
    }
  });
});

test("filePrompts: the folder argument completes to folders only, relative beginnings included", async () => {
  await withSandbox([], async ({ caller, dir, put }) => {
    await put({ "papers/2026/a.txt": "", "pa.txt": "" });
    const [tidy] = filePrompts;
    const complete = async (value: string) =>
      await tidy?.arguments[0]?.complete?.(value, await caller.context());
    assert.deepEqual(await complete(""), [`${dir}/`]);
    assert.deepEqual(await complete("pa"), [`${dir}/papers/`]);
    assert.deepEqual(await complete(`${dir}/papers/`), [`${dir}/papers/2026/`]);
  });
});

test("tidy_folder moves nothing before agreement, and in read-only mode nothing at all", async () => {
  await withSandbox([], async ({ caller, dir }) => {
    const tidy = filePrompts.find((prompt) => prompt.name === "tidy_folder");
    const text = await tidy?.render({ folder: dir }, await caller.context()) ?? "";
    assert.match(text, /before I have agreed/);
    assert.ok(text.indexOf("wait for my answer") < text.indexOf("move_file"));
    const readOnly = await tidy?.render({ folder: dir }, { ...(await caller.context()), readOnly: true }) ??
      "";
    assert.doesNotMatch(readOnly, /move_file|create_directory/);
  });
});

test("what_changed_here counts back in the local zone and refuses what is no number of days", async () => {
  await withSandbox([], async ({ caller, dir }) => {
    const ctx = await caller.context();
    const changed = filePrompts.find((prompt) => prompt.name === "what_changed_here");
    const render = async (args: Record<string, string>) =>
      await changed?.render({ folder: dir, ...args }, ctx) ?? "";
    assert.match(await render({}), /in the last 7 days \(since 2026-11-15 10:00, Europe\/Berlin\)/);
    assert.match(await render({ days: "1" }), /in the last 1 day \(since 2026-11-21 10:00/);
    for (const days of ["0", "-1", "1.5", "many", "99999"]) await assert.rejects(render({ days }), ToolError);
  }, { now: () => new Date("2026-11-22T09:00:00Z"), timeZone: "Europe/Berlin" });
});
