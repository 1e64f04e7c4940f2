/**
 * A client that is as little as possible: JSON lines over a child's pipes, nothing validated, so that what
 * is measured is the server. Its own time counts in every round trip, for all servers alike.
 * @module
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";

/** The result of a request, as far as the benchmarks look into it. */
export interface Result {
  readonly tools?: readonly unknown[];
  readonly content?: readonly { readonly text?: string }[];
  readonly isError?: boolean;
}

/** A reply, or a notification, which has no id. */
export interface Message {
  readonly id?: number;
  readonly result?: Result;
  readonly error?: { readonly message: string };
}

interface Waiting {
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
}

/** A server under measurement, started as Claude Desktop starts one: in `/`, with little environment. */
export class Client {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, Waiting>();
  #unread = "";
  #ids = 0;

  constructor(command: readonly string[], home: string) {
    const [program = "", ...args] = command;
    const env = { PATH: process.env.PATH, HOME: home, SystemRoot: process.env.SystemRoot };
    this.#child = spawn(program, args, { cwd: "/", env, stdio: "pipe" });
    this.#child.stdout.setEncoding("utf8").on("data", (chunk: string) => this.#receive(chunk));
    this.#child.stderr.resume();
    this.#child.stdin.on("error", () => {}); // A server that ends early is reported by the two below.
    this.#child.on("error", (error) => this.#fail(error));
    this.#child.on("exit", (status) => this.#fail(new Error(`${program} ended with status ${status}`)));
  }

  /** The process id of the server. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Sends a request. @throws {Error} when the reply is an error, also one of a tool. */
  async request(method: string, params: object): Promise<Result> {
    const id = ++this.#ids;
    const reply = new Promise<Message>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#send({ id, method, params });
    return resultOf(await reply);
  }

  /** Opens the session as a host of the 2025 era does. */
  async initialize(): Promise<void> {
    await this.request("initialize", INITIALIZE);
    this.#send({ method: "notifications/initialized" });
  }

  /** Calls a tool. */
  call(name: string, args: object): Promise<Result> {
    return this.request("tools/call", { name, arguments: args });
  }

  /** Ends the server and waits until it is gone. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    this.#waiting.clear();
    child.kill("SIGKILL");
    await gone;
  }

  #receive(chunk: string): void {
    const lines = (this.#unread + chunk).split("\n");
    this.#unread = lines.pop() ?? "";
    for (const line of lines) {
      const message: Message = JSON.parse(line);
      if (message.id === undefined) continue; // A notification.
      this.#waiting.get(message.id)?.resolve(message);
      this.#waiting.delete(message.id);
    }
  }

  #send(message: object): void {
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** How a host of the 2025 era introduces itself. */
export const INITIALIZE = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "bench", version: "0" },
};

/** The result in a reply. @throws {Error} when the reply is an error, also one of a tool. */
export function resultOf({ id, result, error }: Message): Result {
  if (result !== undefined && result.isError !== true) return result;
  throw new Error(error?.message ?? result?.content?.[0]?.text ?? `The reply to ${id} has no result`);
}
