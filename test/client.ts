/**
 * Starts servers for tests, and speaks with them: line by line, and through both official clients.
 * @module
 */
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client";
// The package's own map of types is wrong for this path.
// @ts-types="../node_modules/@modelcontextprotocol/sdk/dist/esm/client/stdio.d.ts"
import { StdioClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Something that can be launched as the server. */
export interface Target {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** A JSON-RPC message as it came over the wire. */
export interface Message {
  readonly jsonrpc: string;
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  // deno-lint-ignore no-explicit-any -- tests look into results of every shape
  readonly result?: any;
  // deno-lint-ignore no-explicit-any -- the same for what errors carry
  readonly error?: { readonly code: number; readonly message: string; readonly data?: any };
}

/** How a server ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BINARY = join(ROOT, "dist", process.platform === "win32" ? "clawhammer.exe" : "clawhammer");

/** A program of this repository under the runtime that runs the tests. */
export function sourceTarget(path: string, name = "source"): Target {
  const runtime = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
  return { name, command: process.execPath, args: [...runtime, join(ROOT, path)] };
}

/** The executable. It is missing when nobody has built it. */
const COMPILED: Target = { name: "compiled", command: BINARY, args: [] };

/**
 * Everything that claims to be Clawhammer: the source, and the executable when it is there. `npm test`
 * builds it first and requires it, so that a missing one fails every test instead of passing unseen. Under
 * Deno only the source: what drives the executable makes no difference to it, and Bun has done it.
 */
export function targets(): Target[] {
  return [sourceTarget("main.ts"), ...compiled()];
}

/** What a long scenario is played with: what people run under Bun, and the source under Deno. */
export function mainTarget(): Target {
  return targets().at(-1) ?? sourceTarget("main.ts");
}

/** The executable, when it is there or must be, where a test is of nothing else. */
export function compiled(): Target[] {
  if ("Deno" in globalThis) return [];
  return process.env.REQUIRE_BINARY === "1" || existsSync(COMPILED.command) ? [COMPILED] : [];
}

/** Options of a launch. */
export interface LaunchOptions {
  /** The whole environment; a thin one like that of Claude Desktop unless given. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A server that runs, seen line by line. */
export class Running {
  readonly child: ChildProcess;
  /** Every line of standard output. */
  readonly lines: string[] = [];
  /** Standard error so far. */
  stderr = "";
  /** Resolves when the process has ended and all its output is read. */
  readonly exited: Promise<Exit>;
  #rest: Buffer[] = [];
  #wake = Promise.withResolvers<void>();
  #ended = false;

  constructor(target: Target, args: readonly string[], options: LaunchOptions) {
    const { cwd = "/", env = {} } = options;
    this.child = spawn(target.command, [...target.args, ...args], { cwd, env, stdio: "pipe" });
    const exited = Promise.withResolvers<Exit>();
    this.exited = exited.promise;
    this.child.stdout?.on("data", (chunk: Buffer) => this.#read(chunk));
    this.child.stderr?.on("data", (chunk: Buffer) => this.stderr += chunk.toString());
    // A server that is gone does not read: that shows in its exit, not as an error of the test.
    this.child.stdin?.on("error", () => {});
    this.child.on("error", exited.reject);
    this.child.on("close", (code, signal) => {
      this.#ended = true;
      this.#wake.resolve();
      exited.resolve({ code, signal });
    });
  }

  /** Every line as a message. Throws when one is none: standard output belongs to the protocol. */
  get messages(): Message[] {
    return this.lines.map((line) => JSON.parse(line));
  }

  /** Sends one message, or one line as it is. */
  send(message: unknown): void {
    this.child.stdin?.write(`${typeof message === "string" ? message : JSON.stringify(message)}\n`);
  }

  /** Sends a request. */
  request(id: string | number, method: string, params?: unknown): void {
    this.send({ jsonrpc: "2.0", id, method, ...(params === undefined ? {} : { params }) });
  }

  /** Sends a request and waits for its reply. */
  async ask(id: string | number, method: string, params?: unknown): Promise<Message> {
    this.request(id, method, params);
    return await this.reply(id);
  }

  /** Opens a connection as a client of 2025-11-25 does. */
  async initialize(): Promise<Message> {
    const reply = await this.ask("init", "initialize", INITIALIZE);
    this.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    return reply;
  }

  /** Waits for the first message with this id. */
  async reply(id: string | number | null): Promise<Message> {
    return await this.message(
      (message) => message.id === id && message.method === undefined,
      `a reply to ${id}`,
    );
  }

  /** Waits for a message. Fails when the server ends without it. */
  async message(wanted: (message: Message) => boolean, name: string): Promise<Message> {
    while (true) {
      const found = this.messages.find(wanted);
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`The server ended without ${name}; stderr: ${this.stderr}`);
      await this.#wake.promise;
    }
  }

  /** Ends the input. */
  end(): void {
    this.child.stdin?.end();
  }

  #read(chunk: Buffer): void {
    const parts = Buffer.concat([...this.#rest, chunk]).toString("latin1").split("\n");
    const rest = Buffer.from(parts.pop() ?? "", "latin1");
    this.#rest = rest.length === 0 ? [] : [rest];
    for (const part of parts) this.lines.push(Buffer.from(part, "latin1").toString("utf8"));
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** The parameters of `initialize` as Claude Desktop sends them. */
export const INITIALIZE = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "test", version: "1.0.0" },
};

/** The `_meta` that a request of revision 2026-07-28 carries. */
export function envelope(protocolVersion = "2026-07-28"): Record<string, unknown> {
  return {
    "io.modelcontextprotocol/protocolVersion": protocolVersion,
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
}

/** Deno would compile everything again for every test if its cache moved with the home folder. */
export const DENO_CACHE = process.env.DENO_DIR ?? join(homedir(), ".cache", "deno");

/** A folder to allow and a thin environment whose home is elsewhere; both vanish afterwards. */
export async function withPlace<T>(
  work: (place: { dir: string; env: Record<string, string> }) => Promise<T>,
): Promise<T> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-e2e-")));
  const dir = await mkdtemp(join(base, "allowed-"));
  try {
    return await work({ dir, env: { HOME: base, PATH: process.env.PATH ?? "", DENO_DIR: DENO_CACHE } });
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

/** Launches a server for the time of `work`, and ends it whatever happens. */
export async function withServer<T>(
  target: Target,
  args: readonly string[],
  options: LaunchOptions,
  work: (server: Running) => Promise<T>,
): Promise<T> {
  const server = new Running(target, args, options);
  try {
    return await work(server);
  } finally {
    server.child.kill("SIGKILL");
    await server.exited.catch(() => {});
  }
}

/** What both official clients can do. */
export type AnyClient = Client | OldClient;

/** The official clients, and the eras that each of them speaks. */
export const CLIENTS = ["1.x", "2.x legacy", "2.x modern"] as const;

/** Connects an official client to a launched server for the time of `work`. */
export async function withClient<T>(
  kind: typeof CLIENTS[number],
  target: Target,
  args: readonly string[],
  options: LaunchOptions,
  work: (client: AnyClient) => Promise<T>,
): Promise<T> {
  const parameters = {
    command: target.command,
    args: [...target.args, ...args],
    cwd: options.cwd ?? "/",
    env: { ...options.env },
    stderr: "ignore" as const,
  };
  const info = { name: "test", version: "1.0.0" };
  const client = await connect(kind, info, parameters);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function connect(
  kind: typeof CLIENTS[number],
  info: { name: string; version: string },
  parameters: ConstructorParameters<typeof StdioClientTransport>[0] & { stderr: "ignore" },
): Promise<AnyClient> {
  if (kind === "1.x") {
    const client = new OldClient(info);
    await client.connect(new OldTransport(parameters));
    return client;
  }
  const mode = kind === "2.x modern" ? { pin: "2026-07-28" } : "legacy";
  const client = new Client(info, { versionNegotiation: { mode } });
  await client.connect(new StdioClientTransport(parameters));
  return client;
}
