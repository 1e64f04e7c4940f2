/**
 * The one call path. The server, `clawhammer call`, tests and user tools all come through here: refuse what
 * is unknown, validate, check paths, apply the time limit, run, catch, render, cap, log.
 * @module
 */
import { z } from "zod";
import { coerce } from "./coerce.ts";
import type { Documents } from "./documents/types.ts";
import { CancelledError, errorText, ToolError, UnknownNameError } from "./errors.ts";
import type { Files } from "./fs/types.ts";
import type { Git } from "./git/types.ts";
import { CALL_MS_MAX } from "./limits.ts";
import { nearest } from "./nearest.ts";
import { type CallResult, type Content, render, renderError } from "./reply.ts";
import type { SearchEngine } from "./search/types.ts";
import type { AnyTool, Context, Log, Module } from "./tool.ts";
import type { Web } from "./web/types.ts";
import { argumentSchema, wireTool } from "./wire.ts";

/** What tools can reach beyond their arguments. */
export interface Reach {
  readonly files: Files;
  readonly search: SearchEngine;
  readonly documents: Documents;
  readonly web: Web;
  readonly git: Git;
}

/** What tools stand on; made once by the program that serves them. */
export interface Services {
  /**
   * Gives what tools can reach. Asked at the first call, because loading it would double the cost of a
   * start.
   */
  readonly reach: () => Promise<Reach>;
  readonly log: Log;
  readonly readOnly: boolean;
  /** The present moment; the system clock unless a test gives another. */
  readonly now?: () => Date;
  /** IANA time zone; the machine's unless a test gives another. */
  readonly timeZone?: string;
}

/** What one call brings besides its arguments. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, total?: number, message?: string) => void;
}

/** Calls tools by name. */
export interface Caller {
  readonly modules: readonly Module[];
  /** The tools that may be called, sorted by name. */
  readonly tools: readonly AnyTool[];
  /**
   * Calls a tool. Errors the model can mend come back as results with `isError`.
   * @throws {UnknownNameError} when there is no such tool.
   * @throws {CancelledError} when the signal was aborted: nobody waits for an answer.
   */
  call(name: string, args: unknown, options?: CallOptions): Promise<CallResult>;
  /** The context that prompts and resources are given. */
  context(options?: CallOptions): Promise<Context>;
}

/** A tool with its schema, which is built at its first call: at start it would cost every tool's price. */
interface Callable {
  readonly tool: AnyTool;
  schema?: z.ZodObject;
}

/** Makes the caller for the modules that are switched on. */
export function createCaller(modules: readonly Module[], services: Services): Caller {
  const all = modules.flatMap((module) => module.tools).sort((a, b) => (a.name < b.name ? -1 : 1));
  const callables = new Map<string, Callable>(all.map((tool) => [tool.name, { tool }]));
  const tools = all.filter((tool) => !services.readOnly || tool.effect === "read");
  return {
    modules,
    tools,
    context: async (options = {}) => createContext(services, await services.reach(), options),
    async call(name, args, options = {}) {
      const callable = callables.get(name);
      if (callable === undefined) throw new UnknownNameError(unknownTool(name, tools));
      const started = performance.now();
      const [result, outcome] = await attempt(callable, args, services, options);
      services.log.info(describe(name, outcome, performance.now() - started, result?.content ?? []));
      if (result === undefined) throw new CancelledError();
      return result;
    },
  };
}

/** Runs one call to its end. No result means that it was cancelled. */
async function attempt(
  callable: Callable,
  args: unknown,
  services: Services,
  options: CallOptions,
): Promise<[CallResult | undefined, string]> {
  const { tool } = callable;
  const stop = new AbortController();
  const { signal } = stop;
  const timeoutMs = tool.timeoutMs ?? CALL_MS_MAX;
  const timer = setTimeout(() => stop.abort(tooSlow(tool, timeoutMs)), timeoutMs);
  const cancel = () => stop.abort(options.signal?.reason);
  if (options.signal?.aborted) cancel();
  else options.signal?.addEventListener("abort", cancel, { once: true });
  try {
    if (services.readOnly && tool.effect !== "read") throw readOnlyRefusal(tool);
    services.log.debug(() => `${tool.name} ${JSON.stringify(args)?.slice(0, 2_000)}`);
    const reach = await services.reach();
    const checked = await checkArguments(callable, args, reach.files);
    const reply = await untilAborted(
      async () => await tool.run(checked, createContext(services, reach, { ...options, signal })),
      signal,
    );
    return [render(reply), "ok"];
  } catch (error) {
    if (options.signal?.aborted) return [undefined, "cancelled"];
    const known = signal.aborted ? signal.reason : error;
    if (known instanceof ToolError || isDenoRefusal(known)) {
      const text = known instanceof ToolError ? errorText(known) : denoRefusal(tool, known);
      // It names paths and whatever else was asked for, as arguments do.
      services.log.debug(() => `${tool.name} was refused: ${text}`);
      return [renderError(text), "refused"];
    }
    services.log.error(`${tool.name} failed: ${known instanceof Error ? known.stack : String(known)}`);
    const what = `${tool.name} failed inside Clawhammer: ${errorText(known)}`;
    return [
      renderError(`${what}\nThis is a defect of Clawhammer, not of the call. Its log has the details.`),
      "failed",
    ];
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", cancel);
  }
}

/** Settles as the work does, or rejects as soon as the signal is aborted, whatever the work still does. */
async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw signal.reason;
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work(), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** The arguments as the handler gets them: complete, of the right types, paths absolute and inside. */
async function checkArguments(
  callable: Callable,
  args: unknown,
  files: Files,
): Promise<Record<string, unknown>> {
  const { tool } = callable;
  callable.schema ??= argumentSchema(tool);
  const given = args ?? {};
  refuseUnknown(tool, given);
  let outcome = callable.schema.safeParse(given);
  if (!outcome.success) {
    const second = callable.schema.safeParse(coerce(given, wireTool(tool).inputSchema));
    if (!second.success) throw invalidArguments(tool, second.error);
    outcome = second;
  }
  const checked: Record<string, unknown> = { ...outcome.data };
  for (const name of tool.paths) {
    const value = checked[name];
    const settled = (path: unknown) => files.settle(files.resolve(String(path)));
    if (typeof value === "string") checked[name] = await settled(value);
    else if (Array.isArray(value)) checked[name] = await Promise.all(value.map(settled));
  }
  return checked;
}

function refuseUnknown(tool: AnyTool, args: unknown): void {
  const accepted = Object.keys(tool.input);
  if (typeof args !== "object" || args === null || Array.isArray(args)) {
    throw new ToolError(`Cannot call ${tool.name}: its arguments are not an object`, takes(tool));
  }
  const unknown = Object.keys(args).filter((name) => !accepted.includes(name));
  if (unknown.length === 0) return;
  const names = unknown.map((name) => `"${name.slice(0, 60)}"`).join(", ");
  const near = unknown.flatMap((name) => nearest(name, accepted, 1));
  const advice = near.length === 0 ? "" : `Did you mean ${near.map((name) => `"${name}"`).join(", ")}? `;
  throw new ToolError(
    `Cannot call ${tool.name}: unknown argument${unknown.length > 1 ? "s" : ""} ${names}`,
    `${advice}${takes(tool)}`,
  );
}

function invalidArguments(tool: AnyTool, error: z.ZodError): ToolError {
  const problems = error.issues.slice(0, 5).map((issue) => {
    const where = issue.path.length === 0 ? "arguments" : issue.path.join(".");
    return `${where}: ${issue.message.replace(/^Invalid input: /, "")}`;
  });
  const rest = error.issues.length > 5 ? `; and ${error.issues.length - 5} more` : "";
  return new ToolError(`Cannot call ${tool.name}: ${problems.join("; ")}${rest}`, takes(tool));
}

function takes(tool: AnyTool): string {
  const names = Object.entries(tool.input).map(([name, schema]) => {
    return z.safeParse(schema, undefined).success ? `${name}?` : name;
  });
  return names.length === 0 ? `${tool.name} takes no arguments.` : `${tool.name} takes: ${names.join(", ")}.`;
}

function tooSlow(tool: AnyTool, timeoutMs: number): ToolError {
  return new ToolError(
    `${tool.name} was stopped: it took longer than ${timeoutMs / 1000} seconds`,
    "Ask for less in one call: a smaller folder, a narrower pattern, a shorter range.",
  );
}

/**
 * Run from source under Deno with fewer permissions than a call needs: not our defect, and not the model's.
 */
function isDenoRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === "NotCapable";
}

function denoRefusal(tool: AnyTool, error: Error): string {
  const { message } = error;
  return `Cannot call ${tool.name}: Deno, in which this server runs, does not permit it (${message})\n` +
    "Nothing is wrong with the call. The person decides what Deno may do when starting this server.";
}

function readOnlyRefusal(tool: AnyTool): ToolError {
  return new ToolError(
    `Cannot call ${tool.name}: this server is read-only`,
    'The person can change that by removing "--read-only" from its arguments.',
  );
}

function unknownTool(name: string, tools: readonly AnyTool[]): string {
  const near = nearest(name, tools.map((tool) => tool.name));
  const advice = near.length > 0
    ? `nearest: ${near.join(", ")}`
    : `tools/list names the ${tools.length} there are`;
  return `Unknown tool "${name.slice(0, 100)}"; ${advice}`;
}

function createContext(services: Services, reach: Reach, options: CallOptions): Context {
  return {
    files: reach.files,
    search: reach.search,
    documents: reach.documents,
    web: reach.web,
    git: reach.git,
    log: services.log,
    readOnly: services.readOnly,
    signal: options.signal ?? new AbortController().signal,
    progress: options.progress ?? (() => {}),
    now: services.now ?? (() => new Date()),
    // Asking Intl costs milliseconds the first time, so only a tool that wants the zone pays.
    get timeZone() {
      return services.timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
    },
  };
}

function describe(name: string, outcome: string, ms: number, content: readonly Content[]): string {
  const size = content.reduce(
    (sum, part) => sum + (part.type === "text" ? part.text.length : part.data.length),
    0,
  );
  return `call ${name} ${ms.toFixed(1)} ms ${size} characters ${outcome}`;
}
