/**
 * Asking the client in the course of a call, as revision 2026-07-28 does (Multi Round-Trip Requests): the
 * call is answered with what it asks, and the client sends it again together with the answers. Until then the
 * call waits here, under a name that nobody can guess, and goes on where it stands: nothing is done twice.
 * @module
 */
import {
  type ClientCapabilities,
  type InputRequest,
  type InputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  type ServerResult,
} from "@modelcontextprotocol/server";
import type { CallOptions } from "../call.ts";
import { CancelledError } from "../errors.ts";
import { Stop } from "../stop.ts";
import { USER_ASK_MS_MAX, USER_HELD_MAX, USER_HELD_OF_TOOL_MAX } from "../limits.ts";
import { askingBy } from "./asking.ts";

/** What a request of this revision carries besides the call itself. */
export interface Round {
  readonly capabilities: ClientCapabilities;
  /** The answers to what was asked, under the names that the questions had. */
  readonly answers?: Readonly<Record<string, unknown>>;
  /** The name under which the call waits. */
  readonly state?: string;
}

/** Calls that may be answered in several rounds. */
export interface Rounds {
  /** Begins a call, or goes on with it. @returns its result, or what it asks. */
  run(
    name: string,
    round: Round,
    options: CallOptions,
    call: (options: CallOptions) => Promise<ServerResult>,
  ): Promise<ServerResult>;
  /** Ends the calls that wait. */
  close(): void;
}

/** A question that is not answered. */
interface Open {
  readonly question: InputRequest;
  readonly resolve: (answer: unknown) => void;
}

/** A call that has begun. */
interface Held {
  readonly name: string;
  readonly stop: Stop;
  readonly done: Promise<ServerResult>;
  /** What the call asks, by the names of the questions. */
  readonly open: Map<string, Open>;
  /** Settles as soon as there is a question. */
  asked: PromiseWithResolvers<void>;
  /** The progress of the request that waits at the moment. */
  progress: CallOptions["progress"];
  timer?: ReturnType<typeof setTimeout>;
}

/** Makes the calls of one connection. */
export function createRounds(): Rounds {
  const waiting = new Map<string, Held>();
  const end = (state: string, held: Held) => {
    waiting.delete(state);
    clearTimeout(held.timer);
    held.stop.abort(new CancelledError());
  };
  const endOldest = (max: number, isMeant: (held: Held) => boolean) => {
    const meant = [...waiting].filter(([, held]) => isMeant(held));
    for (const [state, held] of meant.slice(0, Math.max(0, meant.length - max + 1))) end(state, held);
  };
  const hold = (held: Held): ServerResult => {
    // Who is asked may never answer, and every call that waits keeps a process.
    endOldest(USER_HELD_OF_TOOL_MAX, ({ name }) => name === held.name);
    endOldest(USER_HELD_MAX, () => true);
    const requestState = crypto.randomUUID();
    waiting.set(requestState, held);
    held.timer = setTimeout(() => end(requestState, held), USER_ASK_MS_MAX);
    held.timer.unref();
    const inputRequests = Object.fromEntries([...held.open].map(([key, { question }]) => [key, question]));
    const result: InputRequiredResult = { resultType: "input_required", inputRequests, requestState };
    return result as ServerResult; // The type of the SDK names the results of requests that are done.
  };
  return {
    async run(name, round, { signal, progress }, call) {
      const held = round.state === undefined
        ? begin(name, round.capabilities, call)
        : takeUp(name, round.state, waiting);
      for (const [key, { resolve }] of [...held.open]) {
        const answer = round.answers?.[key];
        if (answer === undefined) continue;
        held.open.delete(key);
        resolve(answer);
      }
      held.progress = progress;
      const cancel = () => held.stop.abort(signal?.reason);
      if (signal?.aborted) cancel();
      else signal?.addEventListener("abort", cancel, { once: true });
      try {
        if (held.open.size === 0) held.asked = Promise.withResolvers();
        const result = await Promise.race([held.done, held.asked.promise]);
        return result ?? hold(held);
      } finally {
        held.progress = undefined;
        signal?.removeEventListener("abort", cancel);
      }
    },
    close() {
      for (const [state, held] of waiting) end(state, held);
    },
  };
}

function begin(
  name: string,
  capabilities: ClientCapabilities,
  call: (options: CallOptions) => Promise<ServerResult>,
): Held {
  const stop = new Stop();
  let number = 0;
  const open: Held["open"] = new Map();
  const put = async (question: InputRequest) => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const refuse = () => reject(stop.signal.reason);
    if (stop.signal.aborted) refuse();
    stop.signal.addEventListener("abort", refuse, { once: true });
    open.set(`question-${++number}`, { question, resolve });
    held.asked.resolve();
    try {
      return await promise;
    } finally {
      stop.signal.removeEventListener("abort", refuse);
    }
  };
  const held: Held = {
    name,
    stop,
    open,
    asked: Promise.withResolvers(),
    progress: undefined,
    done: call({
      ...askingBy(put, capabilities),
      stop,
      // Between two requests nobody waits, so a person may take the time.
      unhurried: true,
      progress: (...step) => held.progress?.(...step),
    }),
  };
  // Nobody may be left to hear how it ends.
  held.done.catch(() => {});
  return held;
}

function takeUp(name: string, state: string, waiting: Map<string, Held>): Held {
  const held = waiting.get(state);
  if (held === undefined || held.name !== name) {
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `No call of "${name.slice(0, 100)}" waits under this requestState: it waits ${
        USER_ASK_MS_MAX / 1000
      } seconds for answers, and takes them once. Call the tool again without it`,
      { reason: "invalid_request_state" },
    );
  }
  waiting.delete(state);
  clearTimeout(held.timer);
  return held;
}
