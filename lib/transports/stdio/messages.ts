/**
 * What a line of input means: a JSON-RPC 2.0 message of the Model Context Protocol, or the error to answer.
 * @module
 */
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCNotification,
  type JSONRPCRequest,
  type JSONRPCResponse,
  ProtocolErrorCode,
  type RequestId,
} from "@modelcontextprotocol/server";
import { JSON_DEPTH_MAX, LINE_BYTES_MAX } from "../../limits.ts";
import type { Line } from "./lines.ts";
import { isRecord } from "../../record.ts";

/** A message, or why the line is none and whom to tell. */
export type Incoming =
  | { readonly kind: "request"; readonly message: JSONRPCRequest }
  | { readonly kind: "notification"; readonly message: JSONRPCNotification }
  | { readonly kind: "response"; readonly message: JSONRPCResponse }
  | { readonly kind: "ignored" }
  | { readonly kind: "invalid"; readonly error: ErrorReply };

/** An error response (JSON-RPC 2.0, section 5.1). The id is null when the request's could not be read. */
export interface ErrorReply {
  readonly jsonrpc: "2.0";
  readonly id: RequestId | null;
  readonly error: { readonly code: number; readonly message: string };
}

/** An error response. */
export function errorReply(id: RequestId | null, code: number, message: string): ErrorReply {
  return { jsonrpc: "2.0", id, error: { code, message } };
}

/**
 * Reads one line. Members that JSON-RPC does not define are dropped: the protocol layer would refuse them.
 */
export function readMessage(line: Line): Incoming {
  if (line.kind === "too long") {
    const id = idIn(decode(line.head, false) ?? "", decode(line.tail, false) ?? "");
    const sizes = `${line.size.toLocaleString("en-US")} bytes, the limit is ${
      LINE_BYTES_MAX.toLocaleString("en-US")
    }`;
    return invalid(id, `The line is too long: ${sizes}. Send less in one message`);
  }
  const text = decode(line.bytes, true);
  if (text === undefined) return malformed("the line is not valid UTF-8");
  if (text.trim() === "") return { kind: "ignored" };
  // A short message has no room for so many brackets.
  if (text.length > JSON_DEPTH_MAX && isDeep(line.bytes)) {
    const id = idIn(text.slice(0, 1024), text.slice(-1024));
    return invalid(id, `The message is nested deeper than ${JSON_DEPTH_MAX} levels`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return malformed(`the line is not JSON (${why.replace(/^JSON Parse error: /, "").slice(0, 200)})`);
  }
  return classify(value);
}

function classify(value: unknown): Incoming {
  if (Array.isArray(value)) return invalid(null, "Batches are not supported: send one message a line");
  if (!isRecord(value)) return invalid(null, "The message is not a JSON object");
  const { jsonrpc, id, method, params } = value;
  const known = isRequestId(id) ? id : null;
  if (jsonrpc !== "2.0") return invalid(known, 'The member "jsonrpc" must be "2.0"');
  if (id !== undefined && known === null && method !== undefined) {
    return invalid(null, 'The member "id" must be a string or an integer of at most 53 bits');
  }
  if (method === undefined) return classifyResponse(value, known);
  if (typeof method !== "string") return invalid(known, 'The member "method" must be a string');
  if (params !== undefined && !isRecord(params)) {
    return invalid(known, 'The member "params" must be an object');
  }
  if (known === null) {
    const rest = { jsonrpc, method, ...(params === undefined ? {} : { params }) };
    return isJSONRPCNotification(rest) ? { kind: "notification", message: rest } : { kind: "ignored" };
  }
  const request: JSONRPCRequest = { jsonrpc, id: known, method, ...(params === undefined ? {} : { params }) };
  // Everything but "_meta" is checked by now, and the SDK's schema costs as much as a small call.
  if (params?._meta === undefined || isJSONRPCRequest(request)) return { kind: "request", message: request };
  const what = `Invalid params for ${
    method.slice(0, 100)
  }: "_meta" must be an object, its progressToken a string or an integer`;
  return { kind: "invalid", error: errorReply(known, ProtocolErrorCode.InvalidParams, what) };
}

/** A response is passed on or, when it is none, ignored: answering it could start an endless exchange. */
function classifyResponse(value: Record<string, unknown>, id: RequestId | null): Incoming {
  if (value.result === undefined && value.error === undefined) {
    return invalid(id, 'The member "method" is missing');
  }
  return isJSONRPCResponse(value) ? { kind: "response", message: value } : { kind: "ignored" };
}

function invalid(id: RequestId | null, message: string): Incoming {
  return {
    kind: "invalid",
    error: errorReply(id, ProtocolErrorCode.InvalidRequest, `Invalid request: ${message}`),
  };
}

function malformed(why: string): Incoming {
  const what = `Parse error: ${why}. Send one JSON-RPC message a line, in UTF-8`;
  return { kind: "invalid", error: errorReply(null, ProtocolErrorCode.ParseError, what) };
}

/** Integers beyond 53 bits are refused: the reply would carry a different number. */
function isRequestId(value: unknown): value is RequestId {
  return typeof value === "string" || (typeof value === "number" && Number.isSafeInteger(value));
}

// Making one costs more than a short message.
const STRICT = new TextDecoder("utf-8", { fatal: true });
const LENIENT = new TextDecoder("utf-8");

/** UTF-8 without a leading byte order mark; undefined when the bytes are not UTF-8 and `strict`. */
function decode(bytes: Uint8Array, strict: boolean): string | undefined {
  try {
    return (strict ? STRICT : LENIENT).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Whether brackets nest deeper than JSON_DEPTH_MAX. Looks at the bytes, so that nothing deep is ever built.
 */
function isDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (quoted) {
      if (byte === 0x5c /* \ */) index++;
      else if (byte === 0x22 /* " */) quoted = false;
    } else if (byte === 0x22) {
      quoted = true;
    } else if (byte === 0x7b /* { */ || byte === 0x5b /* [ */) {
      if (++depth > JSON_DEPTH_MAX) return true;
    } else if (byte === 0x7d /* } */ || byte === 0x5d /* ] */) {
      depth--;
    }
  }
  return false;
}

/** The id of a message of which only both ends are at hand; null when neither shows it. */
function idIn(head: string, tail: string): RequestId | null {
  const found = idAtStart(head) ?? idAtEnd(tail);
  if (found === undefined) return null;
  try {
    const id: unknown = JSON.parse(found);
    return isRequestId(id) ? id : null;
  } catch {
    return null;
  }
}

/** The text of the value of a top-level member "id", as long as it and what follows lie in `head`. */
function idAtStart(head: string): string | undefined {
  let depth = 0;
  let key: string | undefined;
  let last = "";
  for (const [token] of head.matchAll(/"(?:[^"\\]|\\.)*"|[^\s"{}[\],:]+|[{}[\],:"]/g)) {
    // A lone quote opens a text that does not end within `head`: what follows is no structure.
    if (token === '"') return undefined;
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    if (depth === 1 && token === ":") key = last;
    else if (depth <= 1 && (token === "," || token === "}")) {
      if (key === '"id"') return last;
      key = undefined;
    }
    last = token;
  }
  return undefined;
}

/** The same for a message that ends with its "id", as the official SDKs write them. */
function idAtEnd(tail: string): string | undefined {
  return /[,{]\s*"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+)\s*\}\s*$/.exec(tail)?.[1];
}
