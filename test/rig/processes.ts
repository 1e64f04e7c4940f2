/**
 * Servers as processes: launched, killed, orphaned, and what becomes of their children.
 * @module
 */
import assert from "node:assert/strict";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Exit, INITIALIZE, type Running, type Target, withPlace, withServer } from "../client.ts";

/** Launches a target that may use one folder. */
export async function withTarget(
  target: Target,
  work: (server: Running, dir: string) => Promise<void>,
): Promise<void> {
  await withPlace(({ dir, env }) =>
    withServer(target, ["--allow", dir], { env }, (server) => work(server, dir))
  );
}

/**
 * Sends a signal as a host does. Deno's `child.kill` would report the signal as the end, whatever the
 * process does.
 */
export function sendSignal(server: Running, signal: "SIGTERM" | "SIGINT"): void {
  process.kill(server.child.pid ?? assert.fail("not started"), signal);
}

/** Closes our end of standard output. The server notices with a reply that is written after that. */
export async function closeOutput(server: Running): Promise<Exit> {
  let exit: Exit | undefined;
  void server.exited.then((value) => exit = value);
  server.child.stdout?.destroy();
  for (let n = 0; exit === undefined; n++) {
    server.request(`ping ${n}`, "ping");
    await sleep(20);
  }
  return exit;
}

/** Whether a process runs. One that only waits to be collected by a slow init does not. */
async function isAlive(pid: number): Promise<boolean> {
  const state = /\) (\w)/.exec(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""))?.[1];
  try {
    process.kill(pid, 0);
    return state !== "Z";
  } catch {
    return false;
  }
}

/** Waits until a process is gone. */
export async function gone(pid: number): Promise<void> {
  while (await isAlive(pid)) await sleep(20);
}

/**
 * A target below a shell that tells its process id. Its input is a named pipe that nobody closes, so that
 * the death of the shell is the only thing that happens to it.
 */
function below(target: Target): Target {
  const script = 'mkfifo "$HOME/in" && exec 3<>"$HOME/in"; "$0" "$@" <&3 & echo "pid=$!=" >&2; wait';
  return { name: target.name, command: "/bin/sh", args: ["-c", script, target.command, ...target.args] };
}

/**
 * Kills the shell of {@link below} while a request may be in flight, and waits until the server is gone as
 * well.
 */
export async function expectEndWithParent(
  target: Target,
  request: Record<string, unknown>,
  ready: () => Promise<unknown>,
): Promise<void> {
  await withTarget(below(target), async (server, dir) => {
    const send = (message: unknown) => appendFile(join(dir, "../in"), `${JSON.stringify(message)}\n`);
    while (!server.stderr.includes("=\n")) await sleep(20);
    const pid = Number(/pid=(\d+)=/.exec(server.stderr)?.[1]);
    try {
      await send({ jsonrpc: "2.0", id: "init", method: "initialize", params: INITIALIZE });
      await server.reply("init");
      await send({ jsonrpc: "2.0", id: 1, ...request });
      await ready();
      server.child.kill("SIGKILL");
      await gone(pid);
    } finally {
      if (pid > 0 && await isAlive(pid)) process.kill(pid, "SIGKILL");
    }
  });
}

/** The process id that spawn_child notes in a file, once it is there. */
export async function notedPid(note: string): Promise<number> {
  while (true) {
    const text = await readFile(note, "utf8").catch(() => "");
    if (text.endsWith("\n")) return Number(text);
    await sleep(20);
  }
}

/** Waits until a file begins with a text. */
export async function notedText(note: string, expected: string): Promise<void> {
  while (!(await readFile(note, "utf8").catch(() => "")).startsWith(expected)) await sleep(20);
}
