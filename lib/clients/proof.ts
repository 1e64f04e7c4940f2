/**
 * The proof that an entry works: it is started as a desktop client starts it, in the top folder with a thin
 * environment, greeted, and asked for its tools.
 * @module
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Host } from "../config/host.ts";
import { errorCode, errorText } from "../errors.ts";
import { PROOF_END_MS_MAX, PROOF_MS_MAX, PROOF_STDERR_CHARS_MAX } from "../limits.ts";
import type { Launch } from "./types.ts";

/** What a server offered. */
export interface Offer {
  readonly ok: true;
  /** Its name and version, as it says. */
  readonly server: string;
  readonly tools: readonly { readonly name: string; readonly chars: number }[];
  /** Characters of `tools/list` and of the instructions: what a conversation pays. */
  readonly chars: number;
  /** Milliseconds from the start to the reply to `initialize`. */
  readonly startMs: number;
}

/** Why there was no offer. */
export interface Failure {
  readonly ok: false;
  /** What happened: `it ended with status 2 before it answered`. */
  readonly why: string;
  /** The end of what it wrote to standard error. */
  readonly stderr: string;
}

/** The outcome of a proof. */
export type Proof = Offer | Failure;

/** Tokens, at four characters each: an estimate. */
export function tokensOf(chars: number): number {
  return Math.ceil(chars / 4);
}

/** Starts what an entry names, as Claude Desktop does, and asks it for its tools. Never throws. */
export async function prove(launch: Launch, host: Host, limitMs: number = PROOF_MS_MAX): Promise<Proof> {
  let child: ChildProcessWithoutNullStreams;
  const started = performance.now();
  try {
    child = spawn(launch.command, [...launch.args], {
      cwd: host.platform === "win32" ? host.env.SystemRoot ?? "C:\\" : "/",
      env: { ...thinEnvironment(host), ...launch.env },
      stdio: "pipe",
      windowsHide: true,
    });
  } catch (error) {
    return { ok: false, why: describe(error, launch), stderr: "" };
  }
  const talk = new Talk(child, launch);
  const timer = setTimeout(() => talk.fail(`it did not answer within ${limitMs / 1_000} s`), limitMs);
  try {
    const hello = await talk.ask("initialize", {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "clawhammer-install", version: "1" },
    });
    const startMs = performance.now() - started;
    talk.tell("notifications/initialized");
    const tools = await allTools(talk);
    const { name = "unnamed", version = "" } = { ...record(hello.serverInfo) };
    const instructions = typeof hello.instructions === "string" ? hello.instructions.length : 0;
    return {
      ok: true,
      server: `${name} ${version}`.trim(),
      tools: tools.map((tool) => ({ name: String(record(tool).name), chars: JSON.stringify(tool).length })),
      chars: JSON.stringify(tools).length + instructions,
      startMs,
    };
  } catch (error) {
    return { ok: false, why: errorText(error), stderr: talk.stderr.trim() };
  } finally {
    clearTimeout(timer);
    await talk.end();
  }
}

/**
 * The variables that a desktop client hands on (the official TypeScript SDK, `getDefaultEnvironment`), with
 * the PATH of a program that no shell has started.
 */
export function thinEnvironment({ platform, env }: Host): Record<string, string> {
  const names = platform === "win32"
    ? [
      ...["APPDATA", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATH", "PROCESSOR_ARCHITECTURE"],
      ...["SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "USERNAME", "USERPROFILE", "PROGRAMFILES"],
    ]
    : ["HOME", "LOGNAME", "SHELL", "TERM", "USER"];
  const given = Object.entries(env).flatMap(([name, value]): [string, string][] =>
    value !== undefined && names.includes(platform === "win32" ? name.toUpperCase() : name)
      ? [[name, value]]
      : []
  );
  if (platform !== "win32") given.push(["PATH", "/usr/bin:/bin:/usr/sbin:/sbin"]);
  return Object.fromEntries(given);
}

async function allTools(talk: Talk): Promise<unknown[]> {
  const tools: unknown[] = [];
  let cursor: unknown;
  // A server that never stops to name another page is stopped by the time limit.
  do {
    const page = await talk.ask("tools/list", cursor === undefined ? {} : { cursor });
    if (!Array.isArray(page.tools)) throw new Error("its reply to tools/list holds no tools");
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tools;
}

/** A conversation in JSON lines with a process that may end, fall silent or talk nonsense at any moment. */
class Talk {
  stderr = "";
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #gone = Promise.withResolvers<void>();
  #waiting: PromiseWithResolvers<Record<string, unknown>> | undefined;
  #why: string | undefined;
  #unread = "";
  #id = 0;

  constructor(child: ChildProcessWithoutNullStreams, launch: Launch) {
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => this.#read(chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      this.stderr = (this.stderr + chunk).slice(-PROOF_STDERR_CHARS_MAX);
    });
    // What ends early is told by "close".
    child.stdin.on("error", () => {});
    child.on("error", (error) => {
      this.fail(describe(error, launch));
      this.#gone.resolve();
    });
    child.on("close", (code, signal) => {
      this.fail(
        `it ended with ${signal === null ? `status ${code}` : `signal ${signal}`} before it answered`,
      );
      this.#gone.resolve();
    });
  }

  /** Sends a request; resolves with its result. */
  ask(method: string, params: object): Promise<Record<string, unknown>> {
    const waiting = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting = waiting;
    if (this.#why === undefined) this.#send({ id: ++this.#id, method, params });
    else waiting.reject(new Error(this.#why));
    return waiting.promise;
  }

  tell(method: string): void {
    this.#send({ method });
  }

  /** Ends the conversation with a reason; the first one counts. */
  fail(why: string): void {
    this.#why ??= why;
    this.#waiting?.reject(new Error(this.#why));
  }

  /** Ends the process: its input is closed, and if that does not help, it is killed. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => {
      this.#child.kill("SIGKILL");
      // A child of the child may hold the pipes open.
      this.#child.stdout.destroy();
      this.#child.stderr.destroy();
    }, this.#why === undefined ? PROOF_END_MS_MAX : 0);
    await this.#gone.promise;
    clearTimeout(timer);
  }

  #send(message: object): void {
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }

  #read(chunk: string): void {
    const lines = (this.#unread + chunk).split("\n");
    this.#unread = lines.pop() ?? "";
    for (const line of lines) {
      if (line.trim() === "") continue;
      let message: Record<string, unknown>;
      try {
        message = record(JSON.parse(line));
      } catch {
        return this.fail(`it wrote to standard output what is no message: ${line.slice(0, 200)}`);
      }
      if (message.id !== this.#id || "method" in message) continue;
      if ("result" in message) this.#waiting?.resolve(record(message.result));
      else this.fail(`it answered with an error: ${JSON.stringify(message.error).slice(0, 500)}`);
    }
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function describe(error: unknown, { command }: Launch): string {
  const code = errorCode(error);
  if (code === "ENOENT") return `there is no program "${command}"`;
  if (code === "EACCES") return `"${command}" may not be executed`;
  return `"${command}" cannot be started: ${errorText(error)}`;
}
