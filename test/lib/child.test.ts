import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "node:test";
import { type ChildSinks, type ChildStart, startChild } from "../../lib/child.ts";
import { CancelledError } from "../../lib/errors.ts";
import { createGate } from "../../lib/gate.ts";
import { runProcess } from "../../lib/git/process.ts";
import { runtimeName } from "../../lib/runtime.ts";

/** The runtime itself with a piece of code: it is on every machine. */
function program(code: string): ChildStart {
  const args = runtimeName().startsWith("Deno") ? ["eval", code] : ["-e", code];
  const env = { PATH: "", HOME: tmpdir(), SystemRoot: process.env.SystemRoot ?? "" };
  return { program: process.execPath, args, cwd: tmpdir(), env, detached: false };
}

/** Says its number, then waits and does not end when it is asked to. */
const STUBBORN = "process.on('SIGTERM', () => {}); setTimeout(() => {}, 20_000); console.log(process.pid)";

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const NOWHERE: ChildSinks = { stdout: () => {}, stderr: () => {} };

test("startChild gives a program its input and its environment alone, and tells what it writes", async () => {
  const code = "let n = 0; process.stdin.on('data', (part) => { n += part.length; });" +
    "process.stdin.on('end', () => { console.error('words'); process.exitCode = 3;" +
    "console.log(n, process.env.OUTER, process.env.GIVEN, 'x'.repeat(200_000).length); });";
  process.env.OUTER = "not for children";
  const said = { stdout: "", stderr: "" };
  const start = program(code);
  const child = startChild({ ...start, input: "ä".repeat(300_000), env: { ...start.env, GIVEN: "given" } }, {
    stdout: (chunk) => said.stdout += new TextDecoder().decode(chunk),
    stderr: (chunk) => said.stderr += new TextDecoder().decode(chunk),
  });
  delete process.env.OUTER;
  assert.deepEqual(await child.ended, { status: 3, killedBy: null });
  assert.deepEqual(said, { stdout: "600000 undefined given 200000\n", stderr: "words\n" });
});

test("startChild outlives a program that does not read its input", async () => {
  const child = startChild({ ...program("process.exit(5)"), input: new Uint8Array(5_000_000) }, NOWHERE);
  assert.deepEqual(await child.ended, { status: 5, killedBy: null });
});

test("startChild says which signal ended a program, and that there is no such program", async () => {
  const ready = Promise.withResolvers<void>();
  const child = startChild(program(STUBBORN), { ...NOWHERE, stdout: () => ready.resolve() });
  await ready.promise;
  child.kill("SIGKILL");
  assert.deepEqual(await child.ended, { status: null, killedBy: "SIGKILL" });
  await assert.rejects(
    async () => await startChild({ ...program(""), program: "/nowhere/at/all" }, NOWHERE).ended,
    { code: "ENOENT" },
  );
});

test("a reading command that has enough is not waited for, but keeps its place until it ends", async () => {
  const signal = new AbortController().signal;
  const turn = createGate(1);
  let pid = 0;
  const take = (chunk: Uint8Array) => {
    pid = Number(new TextDecoder().decode(chunk));
    return false;
  };
  const output = await runProcess({ ...program(STUBBORN), signal }, { take }, turn);
  assert.deepEqual([output.status, output.cut], [undefined, true]);
  assert.ok(isAlive(pid));
  const next = await runProcess({ ...program("console.log(1)"), signal }, {}, turn);
  assert.deepEqual([next.status, String(next.stdout), isAlive(pid)], [0, "1\n", false]);
});

test("a changing command that has enough is waited for", async () => {
  const signal = new AbortController().signal;
  const code = "process.on('SIGTERM', () => { setTimeout(() => process.exit(0), 200); });" +
    "setTimeout(() => {}, 20_000); console.log(process.pid)";
  let pid = 0;
  const take = (chunk: Uint8Array) => {
    pid = Number(new TextDecoder().decode(chunk));
    return false;
  };
  const output = await runProcess({ ...program(code), signal, family: true }, { take });
  assert.deepEqual([output.status, output.cut, isAlive(pid)], [undefined, true, false]);
});

test("a command that is cancelled is waited for until it has ended", async () => {
  const controller = new AbortController();
  let pid = 0;
  const take = (chunk: Uint8Array) => {
    pid = Number(new TextDecoder().decode(chunk));
    controller.abort();
    return true;
  };
  const code = "setTimeout(() => {}, 20_000); console.log(process.pid)";
  await assert.rejects(runProcess({ ...program(code), signal: controller.signal }, { take }), CancelledError);
  assert.equal(isAlive(pid), false);
});
