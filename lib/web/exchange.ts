/**
 * One request and its answer over a line that is already there: bounded in time, in the size of its head and
 * in the size of its decompressed body.
 * @module
 */
import { Buffer } from "node:buffer";
import { type IncomingMessage, request } from "node:http";
import { pipeline, type Readable, type Transform } from "node:stream";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import { errorText, ToolError } from "../errors.ts";
import { sizeText } from "../format.ts";
import { WEB_HEAD_BYTES_MAX } from "../limits.ts";
import { type Line, unreachable } from "./connect.ts";
import { shown } from "./guard.ts";
import type { Outgoing, Watch } from "./types.ts";
import { within } from "./patience.ts";

/** The head of an answer; its body is still on its way. */
export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly message: IncomingMessage;
}

/** A body, decompressed. */
export interface Body {
  readonly bytes: Buffer;
  /** Whether it was longer than the limit. */
  readonly isCut: boolean;
}

/** What `Accept-Encoding` names. */
export const CODINGS = "gzip, deflate, br, zstd";

/**
 * Sends a request, GET unless something is sent, and waits at most `ms` milliseconds for the head of the
 * answer.
 * @throws {ToolError} when none comes, or one that is no HTTP.
 */
export async function ask(
  url: URL,
  line: Line,
  headers: Readonly<Record<string, string>>,
  ms: number,
  signal: AbortSignal,
  outgoing?: Outgoing,
): Promise<Answer> {
  const { socket } = line;
  const tooLate = () => unreachable(url, `no answer within ${ms / 1000} seconds`);
  try {
    return await within(ms, signal, tooLate, (until) => {
      until.addEventListener("abort", () => socket.destroy(), { once: true });
      return new Promise((resolve, reject) => {
        const asked = request({
          method: outgoing?.method ?? "GET",
          path: `${line.prefix}${url.pathname}${url.search}`,
          headers: line.proxyAuthorization === undefined
            ? headers
            : { ...headers, "proxy-authorization": line.proxyAuthorization },
          createConnection: () => socket,
          maxHeaderSize: WEB_HEAD_BYTES_MAX,
        });
        asked.once("response", (message) => {
          // An error after this one is met by whoever reads the body; unheard it would end the process.
          message.on("error", () => {});
          resolve({ url, status: message.statusCode ?? 0, headers: message.headers, message });
        });
        asked.on("error", reject);
        // A server that changes the protocol would otherwise keep us waiting.
        asked.once("upgrade", () => reject(new Error("it wants to speak another protocol")));
        socket.once("close", () => reject(new Error("it closed the connection")));
        asked.end(outgoing?.body?.text ?? "");
      });
    });
  } catch (error) {
    socket.destroy();
    if (signal.aborted || error instanceof ToolError) throw error;
    throw unreachable(url, `the server gave no answer that can be read (${errorText(error)})`);
  }
}

/** Closes an answer whose body nobody wants. */
export function dismiss(answer: Answer): void {
  answer.message.destroy();
  answer.message.socket?.destroy();
}

/**
 * Reads a body up to a limit, and no further: what is behind it is neither fetched nor decompressed.
 * @throws {ToolError} when it breaks off or cannot be decompressed.
 */
export async function readBody(answer: Answer, bytesMax: number, watch: Watch): Promise<Body> {
  const { url } = answer;
  const isPlain = answer.headers["content-encoding"] === undefined;
  const total = isPlain ? Number(answer.headers["content-length"]) || undefined : undefined;
  const stop = () => dismiss(answer);
  watch.signal.addEventListener("abort", stop, { once: true });
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of await decoded(answer)) {
      pieces.push(piece);
      size += piece.length;
      watch.progress(size, total, "Bytes fetched");
      if (size > bytesMax) break;
    }
  } catch (error) {
    if (watch.signal.aborted) throw watch.signal.reason;
    if (error instanceof ToolError) throw error;
    throw new ToolError(
      `Cannot fetch "${shown(url.href)}": the answer broke off after ${sizeText(size)} (${errorText(error)})`,
      "Try again; if it happens at the same place, the server is at fault.",
    );
  } finally {
    watch.signal.removeEventListener("abort", stop);
    dismiss(answer);
  }
  return { bytes: Buffer.concat(pieces).subarray(0, bytesMax), isCut: size > bytesMax };
}

/** The body without its content coding (RFC 9110, section 8.4). */
async function decoded(answer: Answer): Promise<AsyncIterable<Buffer>> {
  const { message, headers, url } = answer;
  const codings = String(headers["content-encoding"] ?? "").toLowerCase().split(",")
    .map((name) => name.trim()).filter((name) => name !== "" && name !== "identity");
  const [coding, ...more] = codings;
  if (coding === undefined) return message;
  // One coding in another is how small bombs become big ones; no honest server does it.
  const decoder = more.length > 0 ? undefined : await decoderFor(coding, message);
  if (decoder === undefined) {
    throw new ToolError(
      `Cannot fetch "${shown(url.href)}": it is compressed in a way that is not read here ("${
        codings.join(", ").slice(0, 60)
      }")`,
      "The server sent this although it was told what is read: there is no way around it.",
    );
  }
  return pipeline(message, decoder, () => {});
}

async function decoderFor(coding: string, message: Readable): Promise<Transform | undefined> {
  switch (coding) {
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "br":
      return createBrotliDecompress();
    case "zstd":
      // RFC 9659: a window of at most 8 MB for this use. The format itself allows terabytes.
      return createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 23 } });
    case "deflate":
      // RFC 9110 means zlib; many servers send it without the frame.
      return isZlib(await firstByte(message)) ? createInflate() : createInflateRaw();
    default:
      return undefined;
  }
}

/** Whether a first byte is the one of a zlib stream (RFC 1950, section 2.2). */
function isZlib(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0x0f) === 8 && byte >> 4 <= 7;
}

async function firstByte(message: Readable): Promise<number | undefined> {
  for (;;) {
    const piece: Buffer | null = message.read();
    if (piece !== null) {
      message.unshift(piece);
      return piece[0];
    }
    if (message.readableEnded || message.destroyed) return undefined;
    await new Promise<void>((resolve) => {
      for (const event of ["readable", "end", "close", "error"]) message.once(event, () => resolve());
    });
  }
}
