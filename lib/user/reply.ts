/**
 * Replies of user tools on their way through the pipe. What comes from a worker is checked field by field.
 * @module
 */
import { Buffer } from "node:buffer";
import { ToolError } from "../errors.ts";
import { REPLY_CHARS_MAX } from "../limits.ts";
import type { Part, Reply } from "../reply.ts";
import type { Parcel } from "../worker/channel.ts";
import type { Result } from "./contract.ts";
import { isRecord } from "../record.ts";

/** What `run` returned, for the pipe. @throws {TypeError} when it is nothing a tool may return. */
export function packResult(result: Result): Parcel {
  if (isReply(result)) {
    const bytes: Uint8Array[] = [];
    const parts = result.parts.map((part) => {
      if (part.type === "text") return { type: "text", text: String(part.text) };
      bytes.push(Buffer.from(part.bytes));
      return { type: part.type, mimeType: String(part.mimeType) };
    });
    return { value: { parts, more: result.more, structured: result.structured }, bytes };
  }
  return { value: { parts: [{ type: "text", text: textOf(result) }] } };
}

/** The reply in what a worker answered. @throws {ToolError} when it is none. */
export function unpackReply(name: string, { value, bytes }: Required<Parcel>): Reply {
  const { parts, more, structured } = isRecord(value) ? value : {};
  if (!Array.isArray(parts)) throw badReply(name, "it has no parts");
  let used = 0;
  const read = parts.map((part: unknown): Part => {
    const { type, text, mimeType } = isRecord(part) ? part : {};
    if (type === "text") return { type, text: String(text) };
    const raw = bytes[used++];
    if ((type !== "image" && type !== "audio") || raw === undefined || typeof mimeType !== "string") {
      throw badReply(name, "a part of it is neither text nor image nor sound");
    }
    return { type, bytes: raw, mimeType };
  });
  if (structured === undefined || structured === null) {
    return { parts: read, ...(typeof more === "string" ? { more } : {}) };
  }
  if (!isRecord(structured)) throw badReply(name, "its structured result is no object");
  const { length } = JSON.stringify(structured);
  if (length > REPLY_CHARS_MAX) {
    throw new ToolError(
      `${name} answered with a structured result of ${length} characters, at most ${REPLY_CHARS_MAX} fit`,
      "Ask it for less. Its author can return it in pages.",
    );
  }
  return { parts: read, structured, ...(typeof more === "string" ? { more } : {}) };
}

function badReply(name: string, why: string): ToolError {
  return new ToolError(
    `${name} answered what is no reply: ${why}`,
    'Its author returns a text, an object, or what text() and image() of "clawhammer" make.',
  );
}

function isReply(result: Result): result is Extract<Result, { readonly parts: unknown }> {
  return isRecord(result) && Array.isArray(result.parts) &&
    result.parts.every((part: unknown) => isRecord(part) && typeof part.type === "string");
}

function textOf(result: unknown): string {
  if (typeof result === "string") return result;
  if (result === undefined || result === null) return "Done.";
  const json = JSON.stringify(result, (_key, value) => typeof value === "bigint" ? String(value) : value, 2);
  if (json === undefined) {
    throw new TypeError(`run returned a ${typeof result}, which is no text and no JSON`);
  }
  return json;
}
