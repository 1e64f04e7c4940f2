/**
 * Requests over a pipe, in both directions and several at a time, with notes about them and byte strings
 * beside them. The server and its worker processes speak through one such channel each.
 *
 * What a worker sends is not trusted: a message that makes no sense closes the channel.
 * @module
 */
import type { Duplex } from "node:stream";
import { errorText, ToolError } from "../errors.ts";
import { encodeFrame, FrameReader } from "./frames.ts";

/** A value that can be JSON, and byte strings beside it. */
export interface Parcel {
  readonly value: unknown;
  readonly bytes?: readonly Uint8Array[];
}

/** What came with a request. */
export interface Incoming {
  readonly bytes: readonly Uint8Array[];
  /** Aborted when the other side does not want the answer any more, or is gone. */
  readonly signal: AbortSignal;
  /** Tells the other side something about this request: progress, a line for the log. */
  note(name: string, value: unknown): void;
  /** Asks the other side something that belongs to this request; its `serve` answers. */
  ask(method: string, value: unknown, bytes?: readonly Uint8Array[]): Promise<Required<Parcel>>;
}

/** Answers a request. Throws {@link ToolError} for what the caller can mend; it arrives as one. */
export type Handler = (value: unknown, incoming: Incoming) => Promise<Parcel> | Parcel;

/** What a request carries besides its value. */
export interface Request {
  readonly bytes?: readonly Uint8Array[];
  /** Tells the other side to stop; the request then still waits for its answer. */
  readonly signal?: AbortSignal;
  /** Takes what the other side notes about this request. */
  readonly onNote?: (name: string, value: unknown) => void;
  /** Answers what the other side asks in the course of this request. */
  readonly serve?: (method: string, value: unknown, incoming: Incoming) => Promise<Parcel> | Parcel;
}

/** An error that the code on the other side threw, and that is no {@link ToolError}. */
export class RemoteError extends Error {
  /** The name and the stack it had there. */
  readonly remoteName: string;
  readonly remoteStack: string;

  constructor(message: string, name: string, stack: string) {
    super(message);
    this.name = "RemoteError";
    this.remoteName = name;
    this.remoteStack = stack;
  }
}

/** The other side sent what is no message: nothing it sends is believed any more. */
export class GarbledError extends Error {}

type Message =
  | { readonly t: "ask"; readonly id: number; readonly of?: number; readonly m: string; readonly v: unknown }
  | { readonly t: "ok"; readonly id: number; readonly v: unknown }
  | { readonly t: "no"; readonly id: number; readonly e: WireError }
  | { readonly t: "note"; readonly id: number; readonly m: string; readonly v: unknown }
  | { readonly t: "stop"; readonly id: number };

/** Bytes written to the pipe in one go: a few times what it holds. */
const PIECE_BYTES = 256 * 1024;

interface WireError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly next?: unknown;
  readonly stack?: unknown;
}

interface Pending extends Pick<Request, "onNote" | "serve"> {
  settle(parcel: Required<Parcel>): void;
  fail(error: Error): void;
}

/** One end of a pipe. */
export class Channel {
  /** Resolves with the reason when nothing comes or goes any more. */
  readonly closed: Promise<Error>;
  readonly #stream: Duplex;
  readonly #handle: (method: string) => Handler | undefined;
  readonly #reader: FrameReader;
  readonly #pending = new Map<number, Pending>();
  readonly #serving = new Map<number, AbortController>();
  readonly #close: (error: Error) => void;
  /** What is not written yet. */
  readonly #waiting: Uint8Array[] = [];
  #full = false;
  #reason: Error | undefined;
  #lastId = 0;

  /**
   * @param handle Finds what answers a request that belongs to none of ours.
   * @param frameBytesMax Bytes of one message that is accepted.
   */
  constructor(
    stream: Duplex,
    handle: (method: string) => Handler | undefined,
    frameBytesMax: number,
  ) {
    const closed = Promise.withResolvers<Error>();
    this.closed = closed.promise;
    this.#stream = stream;
    this.#handle = handle;
    this.#reader = new FrameReader(frameBytesMax);
    this.#close = (error) => {
      if (this.#reason !== undefined) return;
      this.#reason = error;
      for (const pending of this.#pending.values()) pending.fail(error);
      for (const serving of this.#serving.values()) serving.abort(error);
      this.#pending.clear();
      stream.destroy();
      closed.resolve(error);
    };
    stream.on("data", (piece: Uint8Array) => this.#read(piece));
    stream.on("error", (error) => this.close(error.message));
    stream.on("end", () => this.close("the other side closed the pipe"));
    stream.on("close", () => this.close("the pipe is closed"));
  }

  /**
   * Asks the other side and waits for the answer.
   * @throws {ToolError} that the other side threw, {RemoteError} for anything else it threw.
   */
  async request(method: string, value: unknown, request: Request = {}): Promise<Required<Parcel>> {
    return await this.#ask(undefined, method, value, request);
  }

  /** Closes the pipe; requests that are not answered fail. */
  close(reason: string): void {
    this.#close(new Error(reason));
  }

  async #ask(
    of: number | undefined,
    method: string,
    value: unknown,
    { bytes, signal, onNote, serve }: Request,
  ): Promise<Required<Parcel>> {
    if (this.#reason !== undefined) throw this.#reason;
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<Required<Parcel>>();
    this.#pending.set(id, { settle: answer.resolve, fail: answer.reject, onNote, serve });
    const stop = () => this.#send({ t: "stop", id });
    try {
      this.#send({ t: "ask", id, of, m: method, v: value }, bytes);
      if (signal?.aborted) stop();
      else signal?.addEventListener("abort", stop, { once: true });
      return await answer.promise;
    } finally {
      this.#pending.delete(id);
      signal?.removeEventListener("abort", stop);
    }
  }

  #send(message: Message, bytes?: readonly Uint8Array[]): void {
    if (this.#reason !== undefined) return;
    for (const piece of encodeFrame(message, bytes)) {
      for (let at = 0; at < piece.length; at += PIECE_BYTES) {
        this.#waiting.push(piece.subarray(at, at + PIECE_BYTES));
      }
    }
    this.#flush();
  }

  /**
   * Writes until the pipe is full, and goes on when it has drained: Bun copies what the pipe has not taken
   * again and again, which made 50 MB take ten times as long.
   */
  #flush(): void {
    while (!this.#full && this.#reason === undefined) {
      const piece = this.#waiting.shift();
      if (piece === undefined) return;
      if (this.#stream.write(piece)) continue;
      this.#full = true;
      this.#stream.once("drain", () => {
        this.#full = false;
        this.#flush();
      });
    }
  }

  #read(piece: Uint8Array): void {
    try {
      for (const { message, bytes } of this.#reader.take(piece)) this.#receive(message, bytes);
    } catch (error) {
      this.#close(new GarbledError(`it sent ${errorText(error)}`));
    }
  }

  #receive(message: unknown, bytes: readonly Uint8Array[]): void {
    if (!isMessage(message)) throw new Error("a message of an unknown form");
    const pending = this.#pending.get(message.id);
    switch (message.t) {
      case "ask":
        void this.#serve(message, bytes);
        break;
      case "ok":
        pending?.settle({ value: message.v, bytes });
        break;
      case "no":
        pending?.fail(revived(message.e));
        break;
      case "note":
        pending?.onNote?.(message.m, message.v);
        break;
      case "stop":
        this.#serving.get(message.id)?.abort();
    }
  }

  async #serve(
    { id, of, m: method, v: value }: Message & { t: "ask" },
    bytes: readonly Uint8Array[],
  ): Promise<void> {
    const stop = new AbortController();
    this.#serving.set(id, stop);
    const incoming: Incoming = {
      bytes,
      signal: stop.signal,
      note: (name, what) => this.#send({ t: "note", id, m: name, v: what }),
      ask: (asked, what, attached) => this.#ask(id, asked, what, { bytes: attached, signal: stop.signal }),
    };
    try {
      const answer = await this.#find(of, method)(value, incoming);
      this.#send({ t: "ok", id, v: answer.value }, answer.bytes);
    } catch (error) {
      this.#send({ t: "no", id, e: described(error) });
    } finally {
      this.#serving.delete(id);
    }
  }

  #find(of: number | undefined, method: string): Handler {
    const serve = of === undefined ? undefined : this.#pending.get(of)?.serve;
    const handler = serve === undefined
      ? (of === undefined ? this.#handle(method) : undefined)
      : (value: unknown, incoming: Incoming) => serve(method, value, incoming);
    if (handler === undefined) throw new Error(`Nobody answers "${method}"`);
    return handler;
  }
}

function isMessage(message: unknown): message is Message {
  if (typeof message !== "object" || message === null) return false;
  const { t, id, of, m, e } = message as Record<string, unknown>; // Read field by field below.
  if (typeof id !== "number" || (of !== undefined && typeof of !== "number")) return false;
  if (t === "ask" || t === "note") return typeof m === "string";
  if (t === "no") return typeof e === "object" && e !== null;
  return t === "ok" || t === "stop";
}

function described(error: unknown): WireError {
  if (error instanceof ToolError) return { name: error.name, message: error.message, next: error.next };
  if (error instanceof RemoteError) {
    return { name: error.remoteName, message: error.message, stack: error.remoteStack };
  }
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  return { name: String(error.name), message: String(error.message), stack: String(error.stack ?? "") };
}

function revived({ name, message, next, stack }: WireError): Error {
  if (typeof next === "string") return new ToolError(String(message), next);
  return new RemoteError(String(message), String(name ?? "Error"), String(stack ?? ""));
}
