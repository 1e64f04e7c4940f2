/**
 * A client that stands still until a reply is there, so that hardly any time of its own is in what it
 * measures: what wakes it is the reply itself, and not an event loop. Not for Windows, which has no `mkfifo`.
 * @module
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { INITIALIZE, type Message, type Result, resultOf } from "./client.ts";

/** A pipe with a descriptor for each end. */
interface Pipe {
  readonly read: number;
  readonly write: number;
}

/** Makes a pipe of which both ends block: those of `node:child_process` do not. */
function makePipe(folder: string): Pipe {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  // Opened for one direction alone, it would wait for somebody to open the other.
  const both = openSync(path, constants.O_RDWR);
  try {
    return { read: openSync(path, constants.O_RDONLY), write: openSync(path, constants.O_WRONLY) };
  } finally {
    closeSync(both);
    rmSync(path);
  }
}

/** A server under measurement, started as Claude Desktop starts one: in `/`, with little environment. */
export class BlockingClient {
  readonly #child: ChildProcess;
  readonly #requests: number;
  readonly #replies: number;
  readonly #buffer = new Uint8Array(1 << 20);
  readonly #decoder = new TextDecoder();
  #ids = 0;

  /** @param home Its home directory, in which the pipes are made, too. */
  constructor(command: readonly string[], home: string) {
    const [program = "", ...args] = command;
    const [requests, replies] = [makePipe(home), makePipe(home)];
    const env = { PATH: process.env.PATH, HOME: home };
    this.#child = spawn(program, args, {
      cwd: "/",
      env,
      stdio: [requests.read, replies.write, "ignore"],
    });
    closeSync(requests.read);
    closeSync(replies.write);
    this.#requests = requests.write;
    this.#replies = replies.read;
  }

  /** Opens the session as a host of the 2025 era does. */
  initialize(): void {
    this.#request("initialize", INITIALIZE);
    this.#send({ method: "notifications/initialized" });
  }

  /** Calls a tool. @throws {Error} when the reply is an error, also one of the tool. */
  call(name: string, args: object): Result {
    return this.#request("tools/call", { name, arguments: args });
  }

  /**
   * Calls a tool `count` times, `inFlight` at the same time. Of the replies only the ids are looked at,
   * and whether they are errors.
   * @returns the milliseconds that each took.
   */
  flood(name: string, args: object, count: number, inFlight: number): number[] {
    const rest = JSON.stringify({ method: "tools/call", params: { name, arguments: args } }).slice(1);
    const sentAt = new Map<number, number>();
    const took: number[] = [];
    let left = count;
    const send = () => {
      if (left-- <= 0) return;
      const id = ++this.#ids;
      sentAt.set(id, performance.now());
      writeSync(this.#requests, `{"jsonrpc":"2.0","id":${id},${rest}\n`);
    };
    for (let sent = 0; sent < inFlight; sent++) send();
    while (sentAt.size > 0) {
      for (const line of this.#lines()) {
        if (/"isError":true|"error":\{/.test(line)) throw new Error(`${name}: ${line.slice(0, 200)}`);
        const id = idOf(line);
        took.push(performance.now() - (sentAt.get(id) ?? NaN));
        sentAt.delete(id);
        send();
      }
    }
    return took;
  }

  /** Ends the server and waits until it is gone. */
  async close(): Promise<void> {
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
    closeSync(this.#requests);
    closeSync(this.#replies);
  }

  #request(method: string, params: object): Result {
    const id = ++this.#ids;
    this.#send({ id, method, params });
    for (;;) {
      for (const line of this.#lines()) {
        const message: Message = JSON.parse(line);
        if (message.id === id) return resultOf(message); // Else it is a notification.
      }
    }
  }

  #send(message: object): void {
    writeSync(this.#requests, `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }

  /** Reads as far as the end of a line. */
  #lines(): string[] {
    let text = "";
    while (!text.endsWith("\n")) {
      const count = readSync(this.#replies, this.#buffer, 0, this.#buffer.length, null);
      if (count === 0) throw new Error("The server has ended");
      text += this.#decoder.decode(this.#buffer.subarray(0, count), { stream: true });
    }
    return text.split("\n").slice(0, -1);
  }
}

/** The id of a reply, which servers write near one end of it; 0 for a message without one. */
function idOf(line: string): number {
  const [, id] = /^\{"jsonrpc":"2\.0","id":(\d+),/.exec(line) ?? /,"id":(\d+)\}$/.exec(line.slice(-30)) ?? [];
  if (id !== undefined) return Number(id);
  const message: Message = JSON.parse(line);
  return message.id ?? 0;
}
