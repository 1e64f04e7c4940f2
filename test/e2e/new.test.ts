import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { mainTarget, type Target, withPlace } from "../client.ts";
import { putTools, toolSource } from "../rig/usertools.ts";

const DENO = fileURLToPath(new URL("../../node_modules/.bin/deno", import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A program that runs, its output as it comes. */
function start(command: string, args: readonly string[], env: Record<string, string>, cwd: string) {
  const child = spawn(command, args, { cwd, env, stdio: "pipe" });
  const output = { out: "", err: "" };
  child.stdout.on("data", (chunk) => output.out += chunk);
  child.stderr.on("data", (chunk) => output.err += chunk);
  child.stdin.on("error", () => {});
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...output }));
  });
  /** Waits until standard output matches. */
  const shows = async (pattern: RegExp): Promise<void> => {
    const gone = ended.then(({ out, err }) => {
      throw new Error(`It ended without ${pattern}: ${out}${err}`);
    });
    while (!pattern.test(output.out)) {
      await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), gone]);
    }
    gone.catch(() => {});
  };
  return { child, ended, shows, output };
}

interface Place {
  readonly dir: string;
  readonly env: Record<string, string>;
  readonly tools: string;
  run(...args: string[]): Promise<Outcome>;
}

async function withProgram(work: (place: Place, target: Target) => Promise<void>): Promise<void> {
  const target = mainTarget();
  await withPlace(async ({ dir, env }) => {
    const tools = join(env.HOME ?? "", ".config", "clawhammer", "tools");
    const run = (...args: string[]) => {
      const { child, ended } = start(target.command, [...target.args, ...args], env, dir);
      child.stdin.end();
      return ended;
    };
    await work({ dir, env, tools, run }, target);
  });
}

test("a new tool is called, tested and listed as it was written", async () => {
  await withProgram(async ({ run, tools }) => {
    const made = await run("new", "city_weather");
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /Wrote .*city_weather\.ts/);
    if (process.platform !== "win32") {
      assert.equal((await stat(join(tools, "city_weather.ts"))).mode & 0o777, 0o600);
      assert.equal((await stat(tools)).mode & 0o777, 0o700);
    }
    assert.equal((await run("call", "city_weather", "name=Ada")).out, "Hello, Ada!\n");
    const tested = await run("test", "city_weather");
    assert.equal(tested.code, 0, tested.err);
    assert.match(tested.out, /3 passed, 0 failed\n$/);
    assert.match((await run("tools")).out, /city_weather\s+City weather \(read\)/);
  });
});

test("new refuses names that are no tool's, and overwrites nothing", async () => {
  await withProgram(async ({ run, tools }) => {
    const bad = ["Weather", "a-b", "../up", "/etc/x", "a b", "1st", "con", "x".repeat(41), "é", "read_file"];
    for (const name of bad) {
      const { code, err } = await run("new", name);
      assert.equal(code, 2, `${name}: ${err}`);
    }
    assert.match((await run("new", "City-Weather")).err, /Try city_weather/);
    await assert.rejects(stat(tools), /ENOENT/);
    await run("new", "mine");
    await writeFile(join(tools, "mine.ts"), "my own words");
    await writeFile(join(tools, "clawhammer.d.ts"), "// my own types");
    const again = await run("new", "mine");
    assert.equal(again.code, 1);
    assert.match(again.err, /mine\.ts" exists already\nNothing was written/);
    const other = await run("new", "other");
    assert.equal(other.code, 0);
    assert.match(other.err, /left .*clawhammer\.d\.ts" as it is/);
    assert.equal(await readFile(join(tools, "mine.ts"), "utf8"), "my own words");
    assert.equal(await readFile(join(tools, "clawhammer.d.ts"), "utf8"), "// my own types");
    await writeFile(join(tools, "third.mjs"), "");
    assert.match((await run("new", "third")).err, /third\.mjs" exists already/);
    if (process.platform === "win32") return;
    await chmod(tools, 0o777);
    assert.match((await run("new", "fourth")).err, /can be changed by others/);
    await assert.rejects(stat(join(tools, "fourth.ts")), /ENOENT/);
  });
});

/** What a tool may contain that the types must refuse, with what the checker says about it. */
const WRONG: readonly (readonly [string, RegExp])[] = [
  ['effect: "reads", input: {}, run: () => "x"', /Type '"reads"' is not assignable/],
  ['effect: "read", input: { a: z.string() }, run: ({ b }) => b', /'b' does not exist/],
  [
    'effect: "read", input: { a: z.number() }, run: ({ a }) => a.trim()',
    /'trim' does not exist on type 'number'/,
  ],
  ['effect: "read", input: { a: z.strin() }, run: () => "x"', /'strin' does not exist/],
  ['effect: "read", input: { a: z.string() }, paths: ["b"], run: () => "x"', /'"b"' is not assignable/],
  ['effect: "read", input: {}, run: (_, ctx) => ctx.file', /'file' does not exist on type 'Context'/],
  ['effect: "read", input: {}', /'run' is missing/],
];

test("an editor's checker accepts the template and finds what is wrong, with nothing installed", async () => {
  const types = new Set<string>();
  let checked = false;
  await withProgram(async ({ run, tools, env, dir }) => {
    await run("new", "checked");
    types.add(await readFile(join(tools, "clawhammer.d.ts"), "utf8"));
    // The next one writes the same, which is asserted below.
    if (checked) return;
    checked = true;
    for (const [i, [body]] of WRONG.entries()) {
      const text = `/// <reference path="./clawhammer.d.ts" />
        import { defineTool, z } from "clawhammer";
        export default defineTool({ name: "a", description: "b", ${body} });
        export const unused = z;`;
      await writeFile(join(tools, `wrong${i}.ts`), text);
    }
    const paths = ["checked.ts", ...WRONG.map((_, i) => `wrong${i}.ts`)].map((file) => join(tools, file));
    const { child, ended } = start(DENO, ["check", ...paths], { ...env, NO_COLOR: "1" }, dir);
    child.stdin.end();
    const { code, err } = await ended;
    assert.equal(code, 1, err);
    assert.doesNotMatch(err, /at .*checked\.ts/);
    for (const [, says] of WRONG) assert.match(err, says);
    for (const [i] of WRONG.entries()) assert.match(err, new RegExp(`wrong${i}\\.ts`));
  });
  assert.equal(types.size, 1, "the executable holds other types than the sources");
});

test("test names each example whose answer differs, and fails when nothing was tested", async () => {
  await withProgram(async ({ run, tools, dir }) => {
    const examples = `examples: [
      { title: "fine", arguments: {}, expect: "ell" },
      { arguments: {}, expect: "Bye" },
      { arguments: {}, expect: /^hello$/i },
      { arguments: {}, expect: /^ello/ },
      { arguments: {}, fails: true },
      { arguments: { no: 1 }, fails: true },
      { arguments: { no: 1 } },
    ],`;
    await mkdir(tools, { recursive: true, mode: 0o700 });
    await putTools(tools, { "says.ts": toolSource("says", 'return "Hello";', examples) });
    const { code, out } = await run("test", "says");
    assert.equal(code, 1);
    assert.match(out, /^ok {6}says \{\} {2}\(fine\)$/m);
    assert.match(out, /It should contain "Bye"; it answered "Hello"/);
    assert.match(out, /It should match \/\^ello\/; it answered "Hello"/);
    assert.match(out, /It should be refused; it answered "Hello"/);
    assert.match(out, /It should not be refused; it answered "Cannot call says: unknown argument/);
    assert.match(out, /3 passed, 4 failed\n$/);
    // By its path, from anywhere, and in another folder than the usual.
    const other = join(dir, "other");
    await mkdir(other, { mode: 0o700 });
    await putTools(other, { "bare.ts": toolSource("bare", "return 1;"), "broken.ts": "const = 1;" });
    const bare = await run("test", join(other, "bare.ts"));
    assert.equal(bare.code, 1);
    assert.match(bare.err, /no tool has examples/);
    assert.match((await run("test", "other/broken.ts")).err, /broken\.ts:1: /);
    assert.match((await run("test", "sayz")).err, /There is no tool file "sayz".*\nNearest: says/);
    assert.match((await run("test", "says", "other/bare.ts")).err, /several folders/);
  });
});

test("dev shows the tool, its cost and the messages of calls, again whenever the file changes", async () => {
  await withProgram(async ({ tools, env, dir }, target) => {
    await mkdir(tools, { recursive: true, mode: 0o700 });
    const source = (answer: string) =>
      toolSource("says", `return "${answer} " + args.to;`, "input: { to: z.string() },");
    await putTools(tools, { "says.ts": source("Hello") });
    const { child, ended, shows, output } = start(target.command, [...target.args, "dev", "says"], env, dir);
    try {
      await shows(/What Claude sees of says \(\d+ characters, about \d+ tokens/);
      await shows(/Type a call, such as: says/);
      child.stdin.write('to="Ada L"\n');
      await shows(/→ .*"method":"tools\/call","params":\{"name":"says","arguments":\{"to":"Ada L"\}\}/);
      await shows(/← .*"text":"Hello Ada L"/);
      await shows(/\d ms, \d+ characters, about \d+ tokens/);
      await putTools(tools, { "says.ts": "const = 1;" });
      await shows(/says\.ts:1: .*still served/);
      await putTools(tools, { "says.ts": source("Bye") });
      await shows(/← .*"text":"Bye Ada L"/);
      child.stdin.write('says {"to":"Bo"}\n');
      await shows(/← .*"text":"Bye Bo"/);
      child.stdin.write("get_time zone=UTC\n");
      await shows(/← .*"text":"[^"]*20\d\d/);
      child.stdin.write("sais to=x\n");
      child.stdin.end();
      const { code, err } = await ended;
      assert.equal(code, 0);
      assert.match(err, /There is no tool "sais" here/);
      assert.doesNotMatch(err, /MaxListeners/);
    } finally {
      child.kill("SIGKILL");
      await ended.catch(() => output);
    }
  });
});
