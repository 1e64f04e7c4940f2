import assert from "node:assert/strict";
import { chmod, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { UnknownNameError } from "../../lib/errors.ts";
import { writePins } from "../../lib/user/store.ts";
import { readSources } from "../../lib/user/folder.ts";
import { toolSource, withBench } from "../rig/usertools.ts";

const GREET = `import { defineTool, z } from "clawhammer";
import { greeting } from "./_words.ts";
export default defineTool({
  name: "greet",
  title: "Greet",
  description: "Greets somebody",
  effect: "read",
  world: "closed",
  input: {
    name: z.string().min(1).describe("Who"),
    times: z.number().int().max(5).default(1).describe("How often"),
    file: z.string().optional().describe("A file whose text is added"),
  },
  paths: ["file"],
  version: "1.0.0",
  examples: [{ arguments: { name: "Ada" }, expect: /Ada/ }],
  async run({ name, times, file }, ctx) {
    const more = file === undefined ? "" : " " + file + "=" + await ctx.files.readText(file);
    return Array.from({ length: times }, () => greeting + " " + name).join(", ") + more;
  },
});
`;
const WORDS = 'export const greeting: string = "Hello";\n';

test("a tool in the folder is called with checked arguments, defaults and mended types", async () => {
  await withBench(async ({ put, call, caller, allowed }) => {
    await put({ "greet.ts": GREET, "_words.ts": WORDS });
    assert.deepEqual(await call("greet", { name: "Ada" }), { text: "Hello Ada", isError: false });
    assert.equal((await call("greet", { name: "Ada", times: "2" })).text, "Hello Ada, Hello Ada");
    const wrong = await call("greet", { name: "", times: 9 });
    assert.ok(wrong.isError);
    assert.match(
      wrong.text,
      /^Cannot call greet: name: .*; times: .*\ngreet takes: name, times\?, file\?\.$/,
    );
    assert.match((await call("greet", { nam: "Ada" })).text, /unknown argument "nam"\nDid you mean "name"\?/);
    await writeFile(join(allowed, "a.txt"), "text");
    assert.equal(
      (await call("greet", { name: "Ada", file: "a.txt" })).text,
      `Hello Ada ${allowed}/a.txt=text`,
    );
    const outside = await call("greet", { name: "Ada", file: "/etc/hostname" });
    assert.match(outside.text, /"\/etc\/hostname": it is outside the allowed folders/);
    await assert.rejects(caller.call("greeet", {}), UnknownNameError);
  });
});

test("a tool is listed with what it defines, and its definition is remembered", async () => {
  await withBench(async ({ put, caller, restart }) => {
    await put({ "greet.ts": GREET, "_words.ts": WORDS });
    assert.equal(caller.tools.some((tool) => tool.name === "greet"), false);
    await caller.refresh();
    const tool = caller.tools.find((one) => one.name === "greet");
    assert.equal(tool?.title, "Greet");
    assert.deepEqual(tool?.remote?.inputSchema.required, ["name"]);
    const { caller: second, user } = restart();
    await second.refresh();
    assert.deepEqual(second.tools.map((one) => one.name), caller.tools.map((one) => one.name));
    assert.deepEqual(user.problems, []);
    const { content } = await second.call("greet", { name: "Bob" });
    assert.deepEqual(content, [{ type: "text", text: "Hello Bob" }]);
  });
});

test("new, changed and deleted files count at once, also files a tool imports", async () => {
  await withBench(async ({ put, call, caller, folder }) => {
    await put({ "greet.ts": GREET, "_words.ts": WORDS });
    assert.equal((await call("greet", { name: "Ada" })).text, "Hello Ada");
    for (const word of ["Hi", "Ho", "Good morning", "Hm"]) {
      await put({ "_words.ts": WORDS.replace("Hello", word) });
      assert.equal((await call("greet", { name: "Ada" })).text, `${word} Ada`);
    }
    await put({ "greet.ts": GREET.replace('.join(", ")', '.join("; ")') });
    assert.equal((await call("greet", { name: "Ada", times: 2 })).text, "Hm Ada; Hm Ada");
    await put({ "other.ts": toolSource("other", "return 'other';") });
    assert.equal((await call("other")).text, "other");
    await rename(join(folder, "other.ts"), join(folder, "_other.ts"));
    await assert.rejects(caller.call("other", {}), UnknownNameError);
    await rm(join(folder, "greet.ts"));
    await assert.rejects(caller.call("greet", { name: "Ada" }), UnknownNameError);
    await caller.refresh();
    assert.deepEqual(caller.tools.filter((tool) => tool.remote !== undefined), []);
  });
});

test("the last good version stays while the new one is broken, also after a restart", async () => {
  await withBench(async ({ put, call, user, restart }) => {
    await put({ "greet.ts": GREET, "_words.ts": WORDS });
    assert.equal((await call("greet", { name: "Ada" })).text, "Hello Ada");
    await put({ "greet.ts": GREET.replace('title: "Greet",', "title: = 1,"), "_words.ts": "broken too (" });
    assert.equal((await call("greet", { name: "Bob" })).text, "Hello Bob");
    const [problem] = user.problems;
    assert.equal(problem?.file, "greet.ts");
    assert.equal(problem?.stale, true);
    const later = restart();
    await later.caller.refresh();
    const { content } = await later.caller.call("greet", { name: "Cy" });
    assert.deepEqual(content, [{ type: "text", text: "Hello Cy" }]);
    assert.equal(later.user.problems.length, 1);
    await put({ "greet.ts": GREET, "_words.ts": WORDS.replace("Hello", "Mended") });
    assert.equal((await call("greet", { name: "Ada" })).text, "Mended Ada");
    assert.deepEqual(user.problems, []);
  });
});

test("what is wrong with a file is told with its line and what to do", async () => {
  await withBench(async ({ put, caller, user }) => {
    const head = 'import { defineTool, z } from "clawhammer";\n';
    await put({
      "syntax.ts": `${head}\nconst a = = 1;\n`,
      "throws.ts": `${head}\n\nthrow new Error("no key");\n`,
      "empty.ts": "export const a = 1;\n",
      "missing.ts": `${head}import x from "not-installed";\nexport default x;\n`,
      "gone.ts": `${head}import x from "./_gone.ts";\nexport default x;\n`,
      "outside.ts": `${head}import x from "../allowed/x.ts";\nexport default x;\n`,
      "name.ts": toolSource("Bad-Name", ""),
      "builtin.ts": toolSource("get_time", ""),
      "effect.ts": toolSource("effect", "").replace('effect: "read"', 'effect: "write"'),
      "description.ts": toolSource("description", "").replace('"A tool of a test"', '""'),
      "date.ts": toolSource("date", "", "input: { when: z.date() },"),
      "stray.ts": toolSource("stray", "", 'paths: ["file"],'),
      "first.ts": toolSource("twice", ""),
      "second.ts": toolSource("twice", ""),
      "exits.ts": `${head}process.exit(3);\n`,
    });
    await caller.refresh();
    const told = new Map(user.problems.map((one) => [one.file, one]));
    const what = (file: string) =>
      `${told.get(file)?.line ?? ""} ${told.get(file)?.what} | ${told.get(file)?.next}`;
    assert.match(what("syntax.ts"), /^3 .*\| Mend that line/);
    assert.match(what("throws.ts"), /^4 Error: no key \|/);
    assert.match(what("empty.ts"), /It exports no tool \| End it with: export default defineTool/);
    assert.match(what("missing.ts"), /"not-installed", which is not there \| .*npm install not-installed/);
    assert.match(what("gone.ts"), /_gone\.ts.*which is not there/);
    assert.match(what("outside.ts"), /imports "\.\.\/allowed\/x\.ts", which is outside/);
    assert.match(what("name.ts"), /has the name "Bad-Name" \| Use small letters/);
    assert.match(
      what("builtin.ts"),
      /The name "get_time" belongs to Clawhammer itself \| Give it another name/,
    );
    assert.match(what("effect.ts"), /has the effect "write" \| .*read, add, change, destroy/);
    assert.match(what("description.ts"), /has no description/);
    assert.match(what("date.ts"), /is no JSON Schema/);
    assert.match(what("stray.ts"), /names "file" in paths/);
    assert.match(what("second.ts"), /The name "twice" belongs to first\.ts/);
    assert.match(what("exits.ts"), /Its process ended while it was loaded: it exited with code 3/);
    assert.equal(user.problems.length, 14);
    assert.deepEqual(user.modules.map((module) => module.name), ["first"]);
  });
});

test("a folder, a file or a folder above that others can change is refused, and so is a link", async () => {
  if (process.platform === "win32") return;
  await withBench(async ({ put, caller, user, folder, allowed, base }) => {
    await put({ "greet.ts": GREET, "_words.ts": WORDS });
    const problem = async () => {
      await caller.refresh();
      return `${user.problems[0]?.what} | ${user.problems[0]?.next}`;
    };
    const offered = () => caller.tools.some((tool) => tool.name === "greet");
    await caller.refresh();
    assert.ok(offered());
    for (const path of [folder, base]) {
      await chmod(path, 0o770);
      assert.match(await problem(), /can be changed by others \(its mode is 770\) \| .*chmod go-w/);
      assert.equal(offered(), false);
      await chmod(path, 0o700);
      await caller.refresh();
      assert.ok(offered());
    }
    await chmod(join(folder, "_words.ts"), 0o602);
    assert.match(await problem(), /"_words\.ts" can be changed by others/);
    await chmod(join(folder, "_words.ts"), 0o600);
    await writeFile(join(allowed, "evil.ts"), toolSource("evil", ""), { mode: 0o600 });
    await symlink(join(allowed, "evil.ts"), join(folder, "evil.ts"));
    assert.match(await problem(), /"evil\.ts" is a link/);
    await rm(join(folder, "evil.ts"));
    await mkdir(join(folder, "folder.ts"));
    assert.match(await problem(), /"folder\.ts" is no file/);
  });
});

test("a pinned tool that changed is refused until it is trusted, its old version stays", async () => {
  await withBench(async ({ put, call, user, folder, base }) => {
    await put({ "greet.ts": GREET, "_words.ts": WORDS });
    assert.equal((await call("greet", { name: "Ada" })).text, "Hello Ada");
    const pins = JSON.parse(await readFile(join(base, "data", "trusted-tools.json"), "utf8"));
    assert.deepEqual(Object.keys(pins), [join(folder, "greet.ts")]);
    await put({ "_words.ts": WORDS.replace("Hello", "Evil") });
    assert.equal((await call("greet", { name: "Ada" })).text, "Hello Ada");
    assert.match(user.problems[0]?.next ?? "", /clawhammer trust ".*greet\.ts"/);
    await writePins(join(base, "data"), {
      [join(folder, "greet.ts")]: readSources(folder, "greet.ts").fingerprint,
    });
    assert.equal((await call("greet", { name: "Ada" })).text, "Evil Ada");
    assert.deepEqual(user.problems, []);
    // What never worked may be mended freely.
    await put({ "other.ts": "broken (" });
    await user.refresh();
    await put({ "other.ts": toolSource("other", "return 'mended';") });
    assert.equal((await call("other")).text, "mended");
  }, { pinTools: true });
});

test("a read-only server offers only readers, and refuses the others however they are called", async () => {
  await withBench(async ({ put, call, caller }) => {
    const changes = toolSource("changes", "return 'changed';").replace('effect: "read"', 'effect: "change"');
    await put({ "changes.ts": changes, "reads.ts": toolSource("reads", "return 'read';") });
    await caller.refresh();
    assert.deepEqual(caller.tools.map((tool) => tool.name), [
      "call_user_tool",
      "find_user_tools",
      "get_time",
      "reads",
    ]);
    assert.equal((await call("call_user_tool", { name: "reads" })).text, "read");
    for (const [name, args] of [["changes", {}], ["call_user_tool", { name: "changes" }]] as const) {
      assert.match((await call(name, args)).text, /Cannot call changes: this server is read-only/);
    }
  }, { readOnly: true });
});

test("a tool sees its own environment and nothing of the server's", async () => {
  await withBench(async ({ put, call }) => {
    await put({ "env.ts": toolSource("env", "return Object.keys(process.env).sort();") });
    const names: string[] = JSON.parse((await call("env")).text);
    const own = names.filter((name) => !/^(DENO_|PATH$)/.test(name));
    assert.deepEqual(own, ["NAMED", "WORKER_OF_CLAWHAMMER"]);
  }, { toolsEnv: { NAMED: "1" } });
});

test("a tool that reads may not write, one that adds may, by the rules of the built-in tools", async () => {
  await withBench(async ({ put, call, allowed, folder }) => {
    const body = "await ctx.files.write(args.path, 'written'); return ctx.files.readText(args.path);";
    const input = "input: { path: z.string() },";
    await put({
      "reads.ts": toolSource("reads", body, input),
      "adds.ts": toolSource("adds", body, input).replace('effect: "read"', 'effect: "add"'),
    });
    const path = join(allowed, "sub", "a.txt");
    assert.match((await call("reads", { path })).text, /the effect of this tool is "read"/);
    assert.equal((await call("adds", { path })).text, "written");
    assert.equal(await readFile(path, "utf8"), "written");
    assert.match((await call("adds", { path: join(folder, "x.ts") })).text, /outside the allowed folders/);
  });
});

test("results of every form arrive: objects, several parts, images, structured ones, none", async () => {
  await withBench(async ({ put, caller }) => {
    const head = 'import { defineTool, image, structured, text, z } from "clawhammer";\n';
    const tool = (name: string, body: string, more = "") =>
      toolSource(name, body, more).replace(/^import.*\n/, head);
    await put({
      "object.ts": tool("object", "return { a: [1] };"),
      "nothing.ts": tool("nothing", ""),
      "picture.ts": tool("picture", 'return image(new Uint8Array([1, 2]), "image/png", "a picture");'),
      "paged.ts": tool("paged", 'return text("page", "More with page=2");'),
      "shaped.ts": tool("shaped", "return { n: 5 };", "output: { n: z.number() },"),
      "misshaped.ts": tool("misshaped", "return { n: 'x' };", "output: { n: z.number() },"),
      "both.ts": tool("both", 'return structured({ n: 1 }, "one");'),
    });
    const content = async (name: string) => (await caller.call(name, {})).content;
    assert.deepEqual(await content("object"), [{ type: "text", text: '{\n  "a": [\n    1\n  ]\n}' }]);
    assert.deepEqual(await content("nothing"), [{ type: "text", text: "Done." }]);
    assert.deepEqual(await content("picture"), [
      { type: "text", text: "a picture" },
      { type: "image", data: "AQI=", mimeType: "image/png" },
    ]);
    assert.deepEqual(await content("paged"), [{ type: "text", text: "page\n\nMore with page=2" }]);
    assert.deepEqual((await caller.call("shaped", {})).structuredContent, { n: 5 });
    assert.deepEqual((await caller.call("both", {})).structuredContent, { n: 1 });
    const wrong = await caller.call("misshaped", {});
    assert.ok(wrong.isError);
    assert.match(JSON.stringify(wrong.content), /run returned what is not its output: n:/);
  });
});

test("a tool reports progress, is cancelled, asks the person and the model", async () => {
  await withBench(async ({ put, caller }) => {
    await put({
      "steps.ts": toolSource("steps", "ctx.progress(1, 3, 'one'); ctx.log.info('noted'); return 'ok';"),
      "waits.ts": toolSource(
        "waits",
        "await new Promise((_, no) => ctx.signal.addEventListener('abort', () => no(new Error('stopped'))));",
      ),
      "asks.ts": toolSource(
        "asks",
        `if (!ctx.elicit || !ctx.sample) return "cannot ask";
        const answer = await ctx.elicit("Which?", { city: z.string().describe("City") });
        return answer.content.city + await ctx.sample("Write", { maxTokens: 5 });`,
      ),
    });
    const progress: unknown[] = [];
    await caller.call("steps", {}, { progress: (...step) => progress.push(step) });
    assert.deepEqual(progress, [[1, 3, "one"]]);
    const cancel = new AbortController();
    const waiting = caller.call("waits", {}, { signal: cancel.signal });
    await sleep(300);
    cancel.abort();
    await assert.rejects(waiting, /cancelled/);
    assert.equal(JSON.stringify((await caller.call("asks", {})).content).includes("cannot ask"), true);
    const asked: unknown[] = [];
    const { content } = await caller.call("asks", {}, {
      elicit: (message, schema) => {
        asked.push([message, Object.keys(schema.properties ?? {})]);
        return Promise.resolve({ action: "accept" as const, content: { city: "Oslo" } });
      },
      sample: (prompt, options) => {
        asked.push([prompt, options]);
        return Promise.resolve("!");
      },
    });
    assert.deepEqual(content, [{ type: "text", text: "Oslo!" }]);
    assert.deepEqual(asked, [["Which?", ["city"]], ["Write", { maxTokens: 5 }]]);
  });
});

test("a module has prompts and resources of its own", async () => {
  await withBench(async ({ put, caller }) => {
    await put({
      "notes.ts": `import { defineModule, definePrompt, defineTool, z } from "clawhammer";
        export default defineModule({
          title: "Notes",
          tools: [defineTool({ name: "note", description: "Notes", effect: "add", run: () => "noted" })],
          prompts: [definePrompt({
            name: "brief", description: "Brief me",
            arguments: [{
              name: "day", description: "Day", required: true,
              complete: (v) => ["today", "tomorrow"].filter((d) => d.startsWith(v)),
            }],
            render: ({ day }) => "Brief me about " + day,
          })],
          resources: {
            prefix: "notes://",
            list: () => [{ uri: "notes://one", name: "One" }],
            read: (uri) => uri === "notes://one" ? { uri, mimeType: "text/plain", text: "first" } : undefined,
          },
        });`,
    });
    await caller.refresh();
    const module = caller.modules.find((one) => one.name === "notes");
    assert.equal(module?.title, "Notes");
    const ctx = await caller.context();
    const [prompt] = module?.prompts ?? [];
    assert.equal(await prompt?.render({ day: "today" }, ctx), "Brief me about today");
    assert.deepEqual(await prompt?.arguments[0]?.complete?.("tod", ctx), ["today"]);
    assert.deepEqual((await module?.resources?.list(undefined, ctx))?.resources, [{
      uri: "notes://one",
      name: "One",
    }]);
    const read = async (uri: string) => await module?.resources?.read(uri, ctx);
    assert.deepEqual(await read("notes://one"), [{
      uri: "notes://one",
      mimeType: "text/plain",
      text: "first",
    }]);
    assert.equal(await read("notes://two"), undefined);
    assert.equal(await read("other://one"), undefined);
  });
});

test("what a tool throws names its line, and is no defect of ours", async () => {
  await withBench(async ({ put, call }) => {
    await put({
      "fails.ts": toolSource("fails", "throw new TypeError('no such thing');"),
      "refuses.ts": toolSource("refuses", "throw new ToolError('Cannot', 'Do this.');")
        .replace("defineTool,", "defineTool, ToolError,"),
    });
    assert.match(
      (await call("fails")).text,
      /^fails failed: TypeError: no such thing \(fails\.ts:7\)\n.*mends it in/,
    );
    assert.equal((await call("refuses")).text, "Cannot\nDo this.");
  });
});
