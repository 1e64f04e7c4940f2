/**
 * The one call path. The server, `clawhammer call`, tests and user tools all come through here: refuse what
 * is unknown, validate, check paths, apply the time limit, run, catch, render, cap, log.
 * @module
 */
import { noticesOf, renameArguments, withNotices } from "./aliases.ts";
import { type Callable, checkArguments } from "./arguments.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { CancelledError, errorText, ToolError, UnknownNameError } from "./errors.ts";
import { CALL_MS_MAX } from "./limits.ts";
import { nearest } from "./nearest.ts";
import { createOffer, type Offer } from "./offer.ts";
import { type CallResult, type Content, render, renderError } from "./reply.ts";
import { Stop } from "./stop.ts";
import type { AnyTool, Context, Elicit, Log, Module, Reach, Sample } from "./tool.ts";
import type { UserTools } from "./user/types.ts";

/** What tools stand on; made once by the program that serves them. */
export interface Services {
  /**
   * Gives what tools can reach. Asked at the first call, because loading it would double the cost of a
   * start.
   */
  readonly reach: () => Promise<Reach>;
  readonly log: Log;
  readonly readOnly: boolean;
  /** Opens the person's own tools at their first use; undefined when there is no folder for them. */
  readonly userTools?: () => Promise<UserTools>;
  /** What is offered, and opened, only once the folder of user tools is there. */
  readonly later?: { readonly module: Module; readonly isThere: () => boolean };
  /** The present moment; the system clock unless a test gives another. */
  readonly now?: () => Date;
  /** IANA time zone; the machine's unless a test gives another. */
  readonly timeZone?: string;
}

/** What one call brings besides its arguments. */
export interface CallOptions {
  /** What stops the call; its time limit does so, too. */
  readonly stop?: Stop;
  /** The same where the signal is not for this call alone. */
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, total?: number, message?: string) => void;
  /** What the client can do besides; see {@link Context}. */
  readonly elicit?: Elicit;
  readonly sample?: Sample;
  /** Whether nobody waits while the client asks: then that time does not count for the limit of the call. */
  readonly unhurried?: boolean;
}

/** Calls tools by name. */
export interface Caller {
  /** The modules, those of the person's own tools last. The same array until something changes. */
  readonly modules: readonly Module[];
  /** The tools that may be called, sorted by name. The same array until something changes. */
  readonly tools: readonly AnyTool[];
  /** Whether there can be tools of the person's own. */
  readonly hasUserTools: boolean;
  /** Brings the person's own tools up to date. */
  refresh(): Promise<void>;
  /** Calls the listener when the person's own tools have changed, until the function it returns is called. */
  onChange(listener: () => void): () => void;
  /**
   * Calls a tool. Errors the model can mend come back as results with `isError`.
   * @throws {UnknownNameError} when there is no such tool.
   * @throws {CancelledError} when the signal was aborted: nobody waits for an answer.
   */
  call(name: string, args: unknown, options?: CallOptions): Promise<CallResult>;
  /** The context that prompts and resources are given. */
  context(signal?: AbortSignal): Promise<Context>;
}

/** Makes the caller for the modules that are switched on. */
export function createCaller(modules: readonly Module[], services: Services): Caller {
  const offered = createOffer(modules, services);
  return {
    get modules() {
      return offered.now().modules;
    },
    get tools() {
      return offered.now().tools;
    },
    hasUserTools: services.userTools !== undefined,
    refresh: async () => await (await offered.open())?.refresh(),
    onChange: offered.onChange,
    context: async (signal = new AbortController().signal) => {
      return createContext(services, await services.reach(), {}, { signal });
    },
    async call(name, args, options = {}) {
      const callable = offered.known(name) ?? await offered.find(name);
      if (callable === undefined) throw new UnknownNameError(unknownTool(name, offered.now().tools));
      const started = performance.now();
      const [result, outcome] = await attempt(name, callable, args, services, options, offered.findUser);
      services.log.info(describe(name, outcome, performance.now() - started, result?.content ?? []));
      if (result === undefined) throw new CancelledError();
      return result;
    },
  };
}

/** Runs one call to its end, of the tool that has or had the name. No result means that it was cancelled. */
async function attempt(
  called: string,
  callable: Callable,
  args: unknown,
  services: Services,
  options: CallOptions,
  findUser: Offer["findUser"],
): Promise<[CallResult | undefined, string]> {
  const { tool } = callable;
  const { stop, unlink } = stoppable(options);
  const timeoutMs = tool.timeoutMs ?? CALL_MS_MAX;
  const expire = () => stop.abort(tooSlow(tool, timeoutMs));
  // Only a call whose time can stand still needs more than a timer.
  const deadline = options.unhurried === true ? startDeadline(timeoutMs, expire) : undefined;
  const timer = deadline === undefined ? setTimeout(expire, timeoutMs) : undefined;
  try {
    if (services.readOnly && tool.effect !== "read" && tool.forward === undefined) {
      throw readOnlyRefusal(tool);
    }
    services.log.debug(() => `${tool.name} ${JSON.stringify(args)?.slice(0, 2_000)}`);
    const reach = await services.reach();
    const { files } = reach;
    const settle = (path: string) => files.settle(files.resolve(path));
    const { args: current, notices } = renameArguments(tool, args);
    const checked = tool.remote === undefined
      ? await checkArguments(callable, current, settle)
      : current as Record<string, unknown>; // Where it runs, it is checked.
    if (tool.forward !== undefined) {
      const to = tool.forward(checked);
      const target = await findUser(to.name);
      if (target === undefined) throw await noUserTool(to.name, services);
      // From here on the time limit of that tool holds.
      clearTimeout(timer);
      deadline?.clear();
      const [result, outcome] = await attempt(to.name, target, to.args, services, options, findUser);
      return [result, `${outcome} (${to.name})`];
    }
    const asking = deadline === undefined ? options : pausing(options, deadline);
    const reply = await stop.wait(() => tool.run(checked, createContext(services, reach, asking, stop)));
    return [withNotices(render(reply), [...noticesOf(called, tool), ...notices]), "ok"];
  } catch (error) {
    const known = stop.isStopped ? stop.reason : error;
    if (stop.isStopped && !(known instanceof ToolError)) return [undefined, "cancelled"];
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
    deadline?.clear();
    unlink?.();
  }
}

/** What stops the call, for this call alone. */
function stoppable({ signal, stop = new Stop() }: CallOptions): { stop: Stop; unlink?: () => void } {
  if (signal === undefined) return { stop };
  const cancel = () => stop.abort();
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel);
  return { stop, unlink: () => signal.removeEventListener("abort", cancel) };
}

/** What asks the client, so that the time it takes does not count where nobody waits meanwhile. */
function pausing(options: CallOptions, { pause }: Deadline): CallOptions {
  const { elicit, sample } = options;
  return {
    ...options,
    ...(elicit === undefined ? {} : { elicit: (...question) => pause(() => elicit(...question)) }),
    ...(sample === undefined ? {} : { sample: (...question) => pause(() => sample(...question)) }),
  };
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

async function noUserTool(name: string, { userTools }: Services): Promise<ToolError> {
  const tools = (await userTools?.())?.modules.flatMap((module) => module.tools) ?? [];
  const near = nearest(name, tools.map((tool) => tool.name));
  const advice = near.length > 0 ? `Nearest: ${near.join(", ")}. ` : "";
  return new ToolError(
    `There is no user tool "${name.slice(0, 100)}"`,
    `${advice}find_user_tools lists them, and what is wrong with files that could not be used.`,
  );
}

function unknownTool(name: string, tools: readonly AnyTool[]): string {
  const near = nearest(name, tools.map((tool) => tool.name));
  const advice = near.length > 0
    ? `nearest: ${near.join(", ")}`
    : `tools/list names the ${tools.length} there are`;
  return `Unknown tool "${name.slice(0, 100)}"; ${advice}`;
}

function createContext(
  services: Services,
  reach: Reach,
  { progress, elicit, sample }: CallOptions,
  stop: { readonly signal: AbortSignal },
): Context {
  let zone = services.timeZone;
  return {
    ...reach,
    log: services.log,
    readOnly: services.readOnly,
    get signal() {
      return stop.signal;
    },
    progress: progress ?? (() => {}),
    ...(services.userTools === undefined ? {} : { userTools: services.userTools }),
    ...(elicit === undefined ? {} : { elicit }),
    ...(sample === undefined ? {} : { sample }),
    now: services.now ?? (() => new Date()),
    // Asking Intl costs milliseconds the first time, so only a tool that wants the zone pays.
    get timeZone() {
      return zone ??= new Intl.DateTimeFormat().resolvedOptions().timeZone;
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
