/**
 * The transport under the SDK's stdio entry (MCP specification, "Transports", stdio): one JSON-RPC message a
 * line.
 *
 * The SDK's own transport drops requests in flight at the end of input, closes on a long line and skips
 * malformed lines without a word. This one keeps account of every request, so that each gets exactly one
 * reply.
 * @module
 */
import { finished, type Readable } from "node:stream";
import type {
  JSONRPCMessage,
  JSONRPCNotification,
  JSONRPCRequest,
  RequestId,
  Transport,
} from "@modelcontextprotocol/server";
import { LINE_BYTES_MAX, REQUESTS_IN_FLIGHT_MAX, REQUESTS_WAITING_MAX } from "../../limits.ts";
import type { Log } from "../../tool.ts";
import { type Line, LineSplitter } from "./lines.ts";
import { type ErrorReply, errorReply, readMessage } from "./messages.ts";
import type { LineWriter } from "./writer.ts";

/**
 * JSON-RPC error codes: a request that is none, and (from the range left to servers) a server that is busy.
 */
const INVALID_REQUEST = -32600;
const INTERNAL_ERROR = -32603;
const BUSY = -32000;
/** A request that stays open until the connection closes; nobody waits for its result. */
const LISTEN = "subscriptions/listen";

/** Takes messages that the SDK need not see; see {@link StrictServer.take}. */
export interface Taker {
  take(message: JSONRPCRequest | JSONRPCNotification, reply: (message: JSONRPCMessage) => void): boolean;
}

/** Reads requests, hands them to the SDK, and lets exactly one reply to each of them out. */
export class StdioTransport implements Transport {
  onmessage?: Transport["onmessage"];
  onclose?: () => void;
  onerror?: (error: Error) => void;
  /** Asked first about every request, and about what cancels one. */
  taker: Taker["take"] = () => false;

  readonly #input: Readable;
  readonly #writer: LineWriter;
  readonly #log: Log;
  readonly #ended = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  /**
   * Requests the SDK works on, and requests that wait until one of those is answered; both with their
   * methods.
   */
  readonly #inFlight = new Map<RequestId, string>();
  readonly #waiting = new Map<RequestId, JSONRPCRequest>();
  #onIdle: (() => void) | undefined;

  constructor(input: Readable, writer: LineWriter, log: Log) {
    this.#input = input;
    this.#writer = writer;
    this.#log = log;
  }

  /** Resolves at the end of input, when its last line has been taken. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Resolves when the SDK has closed the connection. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  start(): Promise<void> {
    this.#read();
    return Promise.resolve();
  }

  /** Lets a message out. A reply to a request that was cancelled or answered already is dropped. */
  send(message: JSONRPCMessage): Promise<void> {
    const id = "method" in message ? undefined : message.id;
    if (id !== undefined && !this.#settle(id)) return Promise.resolve();
    let text: string;
    try {
      text = JSON.stringify(message);
    } catch (error) {
      this.#log.error(`A message cannot be written as JSON: ${String(error)}`);
      if (id === undefined) return Promise.resolve();
      text = JSON.stringify(
        errorReply(id, INTERNAL_ERROR, "Internal error: the result cannot be written as JSON"),
      );
    }
    return this.#writer.line(text, this.#inFlight.size === 0);
  }

  close(): Promise<void> {
    this.#closed.resolve();
    return Promise.resolve();
  }

  /** Ends everything in flight: the SDK aborts the signals of all calls before this returns. */
  abort(): void {
    this.onclose?.();
    this.#input.destroy();
  }

  /**
   * Waits until every request is answered, at most `ms` milliseconds; those that are not get an error then.
   * @returns the number of requests that were not answered in time.
   */
  async drain(ms: number): Promise<number> {
    const idle = Promise.withResolvers<void>();
    const timer = setTimeout(idle.resolve, ms);
    this.#onIdle = idle.resolve;
    this.#checkIdle();
    await idle.promise;
    clearTimeout(timer);
    this.#onIdle = undefined;
    const late = [...this.#inFlight].filter(([, method]) => method !== LISTEN);
    for (const [id, request] of this.#waiting) late.push([id, request.method]);
    this.#waiting.clear();
    for (const [id, method] of late) {
      this.#inFlight.delete(id);
      const what = `${method} was stopped: it was not done ${ms / 1000} seconds after the end of input`;
      this.#refuse(errorReply(id, BUSY, `${what}. Keep standard input open until the reply has arrived`));
    }
    return late.length;
  }

  #read(): void {
    const lines = new LineSplitter(LINE_BYTES_MAX);
    finished(this.#input, { writable: false }, (error) => {
      if (error) this.#log.debug(`Standard input broke off: ${String(error)}`);
      const last = lines.end();
      if (last !== undefined) this.#take(last);
      // What was read last is still on its way to its handler.
      setImmediate(this.#ended.resolve);
    });
    const take = (chunk: Uint8Array) => {
      for (const line of lines.push(chunk)) this.#take(line);
      if (!this.#writer.isFull) return;
      // A client that does not read its replies is not read either, or they would pile up in memory.
      this.#input.pause();
      void this.#writer.ready().then(() => this.#input.resume());
    };
    try {
      // An iterator over the stream would do the same with ten promises for every chunk.
      this.#input.on("data", take);
    } catch (error) {
      // A folder, for example, cannot be read.
      this.#input.destroy(error instanceof Error ? error : undefined);
    }
  }

  #take(line: Line): void {
    const incoming = readMessage(line);
    if (incoming.kind === "request") this.#takeRequest(incoming.message);
    else if (incoming.kind === "notification") this.#takeNotification(incoming.message);
    else if (incoming.kind === "response") this.onmessage?.(incoming.message);
    else if (incoming.kind === "invalid") this.#refuse(incoming.error);
  }

  #takeRequest(request: JSONRPCRequest): void {
    const { id } = request;
    if (this.#inFlight.has(id) || this.#waiting.has(id)) {
      const what = `Invalid request: another request with the id ${JSON.stringify(id)} is not answered yet`;
      this.#refuse(errorReply(id, INVALID_REQUEST, what));
    } else if (this.#inFlight.size < REQUESTS_IN_FLIGHT_MAX) {
      this.#deliver(request);
    } else if (this.#waiting.size < REQUESTS_WAITING_MAX) {
      this.#waiting.set(id, request);
    } else {
      const count = this.#inFlight.size + this.#waiting.size;
      this.#refuse(
        errorReply(id, BUSY, `Too many requests: ${count} are not answered yet. Wait for replies first`),
      );
    }
  }

  /** A cancelled request is settled: its handler stops, and nothing is answered. */
  #takeNotification(message: JSONRPCNotification): void {
    if (message.method === "notifications/cancelled") {
      const id = message.params?.requestId;
      // The specification forbids to cancel `initialize`; without its reply the connection would be useless.
      if (!isRequestId(id) || this.#inFlight.get(id) === "initialize" || this.#waiting.delete(id)) return;
      if (!this.taker(message, this.#reply)) this.onmessage?.(message);
      this.#settle(id);
      return;
    }
    this.onmessage?.(message);
  }

  #deliver(request: JSONRPCRequest): void {
    this.#inFlight.set(request.id, request.method);
    if (!this.taker(request, this.#reply)) this.onmessage?.(request);
  }

  /** Nobody waits until a reply has left. */
  readonly #reply = (message: JSONRPCMessage): void => void this.send(message);

  /** Strikes a request off; false when it was not in flight. */
  #settle(id: RequestId): boolean {
    if (!this.#inFlight.delete(id)) return false;
    for (const [next, request] of this.#waiting) {
      if (this.#inFlight.size >= REQUESTS_IN_FLIGHT_MAX) break;
      this.#waiting.delete(next);
      this.#deliver(request);
    }
    this.#checkIdle();
    return true;
  }

  #checkIdle(): void {
    if (this.#waiting.size > 0) return;
    for (const method of this.#inFlight.values()) if (method !== LISTEN) return;
    this.#onIdle?.();
  }

  #refuse(error: ErrorReply): void {
    this.#log.debug(`Refused a message: ${error.error.message}`);
    void this.#writer.line(JSON.stringify(error));
  }
}

function isRequestId(value: unknown): value is RequestId {
  return typeof value === "string" || typeof value === "number";
}
