/**
 * `clawhammer dev`: what Claude sees of a tool while it is written, and the messages of every call.
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { errorText, ToolError, UsageError } from "../errors.ts";
import { createServerFactory } from "../server.ts";
import { serveStdio } from "../transports/stdio.ts";
import { name, version } from "../version.ts";
import type { Module } from "../tool.ts";
import { type WireTool, wireTool } from "../wire.ts";
import { readArguments } from "./arguments.ts";
import type { Invocation } from "./command.ts";
import { complain, print } from "./output.ts";
import { moduleOf, openOwn, type Own, pathOf, problemsOf } from "./own.ts";

/** A client of a server in this same process: every message is shown as it goes over the wire. */
interface Wire {
  /** Sends a request; resolves when its answer was shown. */
  ask(method: string, params: object): Promise<void>;
  close(): Promise<void>;
}

/** A call, to be made again when the tool has changed. */
interface Repeated {
  readonly name: string;
  readonly args: unknown;
}

/** What was shown of a file. */
interface Seen {
  readonly module: Module | undefined;
  readonly tools: string;
  readonly problems: string;
}

const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
/** Milliseconds between two looks at the files. */
const LOOK_MS = 250;

/** Shows the tools, and calls what the person types, until the input ends. */
export async function dev({ modules, line }: Invocation): Promise<number> {
  const own = await openOwn(modules, line.config, line.operands);
  const wire = openWire(own);
  await wire.ask("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: `${name} dev`, version },
  });
  const seen = new Map<string, Seen>();
  await show(own, seen);
  await print(
    `Type a call, such as: ${example(own)}\nAn empty line repeats it, saving the file too; Ctrl-D ends.`,
  );
  // One thing after the other: what is printed stays readable.
  let turn = Promise.resolve();
  let last: Repeated | undefined;
  const next = (work: () => Promise<void>) => {
    turn = turn.then(work).catch(async (error) => await complain(errorText(error)));
  };
  const callAgain = async () => {
    if (last !== undefined) await wire.ask("tools/call", { name: last.name, arguments: last.args });
  };
  const look = setInterval(() =>
    next(async () => {
      await own.app.caller.refresh();
      if (await show(own, seen)) await callAgain();
    }), LOOK_MS);
  const input = createInterface({ input: process.stdin });
  input.on("line", (text) =>
    next(async () => {
      last = readCall(text, own) ?? last;
      await callAgain();
    }));
  await new Promise<void>((resolve) => input.once("close", resolve));
  clearInterval(look);
  await turn;
  await wire.close();
  return 0;
}

/** Prints what of each file is not as it was shown. Resolves with whether there is a new version of one. */
async function show(own: Own, seen: Map<string, Seen>): Promise<boolean> {
  let renewed = false;
  for (const file of own.files) {
    const module = moduleOf(own, file);
    const tools = (module?.tools ?? []).map((tool) => describe(wireTool(tool))).join("\n");
    const problems = problemsOf(own, [file]).join("\n");
    const before = seen.get(file);
    seen.set(file, { module, tools, problems });
    // The module of a file is another one after every change, also where nothing of it shows.
    const fresh = before !== undefined && before.module !== module;
    renewed ||= fresh;
    const mended = problems === "" && before !== undefined && before.problems !== "";
    const news = [
      ...(problems === before?.problems || problems === "" ? [] : [problems]),
      ...(fresh || mended ? ["This version is in use now"] : []),
      ...(tools === before?.tools || tools === "" ? [] : [tools]),
    ];
    if (news.length > 0) await print(`\n${pathOf(own, file)}\n${news.join("\n")}`);
  }
  return renewed;
}

/** A tool as `tools/list` carries it, and what that costs. */
function describe(tool: WireTool): string {
  const { length } = JSON.stringify(tool);
  const cost = `${length} characters, about ${Math.ceil(length / 4)} tokens in every conversation`;
  return `What Claude sees of ${tool.name} (${cost}):\n${JSON.stringify(tool, null, 2)}`;
}

/** The call a line means; undefined for an empty one. The name may be left out where there is one tool. */
function readCall(text: string, own: Own): Repeated | undefined {
  const words = splitWords(text);
  const [first] = words;
  if (first === undefined) return undefined;
  const tools = own.files.flatMap((file) => moduleOf(own, file)?.tools ?? []);
  const named = tools.find((tool) => tool.name === first) ??
    own.app.caller.tools.find((tool) => tool.name === first);
  const tool = named ?? tools[0];
  if (tool === undefined || (named === undefined && (tools.length > 1 || !/[={]/.test(first)))) {
    throw new UsageError(
      `There is no tool "${first}" here\nThe tools are ${
        tools.map((one) => one.name).join(", ") || "none yet"
      }`,
    );
  }
  const rest = named === undefined ? text.trim() : text.trim().slice(first.length).trim();
  const operands = rest.startsWith("{") ? [rest] : splitWords(rest);
  return { name: tool.name, args: readArguments(operands, wireTool(tool).inputSchema) };
}

/** Words as a shell takes them apart: quotes hold together what spaces part. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2")
  );
}

function example(own: Own): string {
  const tool = own.files.flatMap((file) => moduleOf(own, file)?.tools ?? [])[0];
  if (tool === undefined) return "weather city=Oslo";
  const [shown] = tool.examples ?? [];
  return `${tool.name} ${JSON.stringify(shown?.arguments ?? {})}`;
}

function openWire({ app }: Own): Wire {
  const { caller, log, instructions } = app;
  const [input, output] = [new PassThrough(), new PassThrough()];
  const factory = createServerFactory({ caller, name, version, instructions, log });
  const ended = serveStdio(factory, { log, input, output });
  const waiting = new Map<unknown, { started: number; resolve(): void }>();
  createInterface({ input: output }).on("line", (line) => void received(line));
  const received = async (line: string) => {
    const message: { id?: unknown; method?: string } = JSON.parse(line);
    const request = message.method === undefined ? waiting.get(message.id) : undefined;
    await print(`← ${line}`);
    if (request === undefined) return;
    const ms = performance.now() - request.started;
    await print(
      `  ${ms.toFixed(1)} ms, ${line.length} characters, about ${Math.ceil(line.length / 4)} tokens`,
    );
    request.resolve();
  };
  return {
    async ask(method, params) {
      const id = waiting.size + 1;
      const line = JSON.stringify({ jsonrpc: "2.0", id, method, params });
      const answered = Promise.withResolvers<void>();
      await print(`→ ${line}`);
      waiting.set(id, { started: performance.now(), resolve: answered.resolve });
      input.write(`${line}\n`);
      const gone = ended.then(() => {
        throw new ToolError("The server has ended", "Start again; its log says why.");
      });
      await Promise.race([answered.promise, gone]);
      if (method !== "initialize") return;
      await print(`→ ${INITIALIZED}`);
      input.write(`${INITIALIZED}\n`);
    },
    async close() {
      input.end();
      await ended;
    },
  };
}
