/**
 * Replies: handlers return meaning, this file makes what goes over the wire.
 * @module
 */
import { Buffer } from "node:buffer";
import { REPLY_BYTES_MAX, REPLY_CHARS_MAX } from "./limits.ts";

/** One part of a reply. */
export type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image" | "audio"; readonly bytes: Uint8Array; readonly mimeType: string };

/** What a tool answers. */
export interface Reply {
  readonly parts: readonly Part[];
  /** What was left out and the call that gets it. Always shown, also when the text is cut. */
  readonly more?: string;
  /** The same for programs (`structuredContent`). Small: it is not cut. */
  readonly structured?: Readonly<Record<string, unknown>>;
}

/** A content block of the protocol (`ContentBlock`), as plain data. */
export type Content =
  | { type: "text"; text: string }
  | { type: "image" | "audio"; data: string; mimeType: string };

/** A rendered result of a call (`CallToolResult`). */
export interface CallResult {
  readonly content: Content[];
  readonly isError: boolean;
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}

/** A reply of text. `more` says what was left out and which call gets it. */
export function text(body: string, more?: string): Reply {
  return { parts: [{ type: "text", text: body }], ...(more === undefined ? {} : { more }) };
}

/** A reply with an image or a sound, and a sentence that says what it is. */
export function media(type: "image" | "audio", bytes: Uint8Array, mimeType: string, caption: string): Reply {
  return { parts: [{ type: "text", text: caption }, { type, bytes, mimeType }] };
}

/** The parts of several replies, in order, as one. */
export function join(replies: readonly Reply[]): Reply {
  const more = replies.map((reply) => reply.more).filter((sentence) => sentence !== undefined).join("\n");
  return { parts: replies.flatMap((reply) => reply.parts), ...(more === "" ? {} : { more }) };
}

/**
 * The first lines that fit into `chars` characters, so that a page can say exactly where the next one starts.
 * A first line is always taken, whatever its length.
 */
export function fitLines(lines: readonly string[], chars = REPLY_CHARS_MAX - 1_000): string[] {
  let used = 0;
  let count = 0;
  for (const line of lines) {
    used += line.length + 1;
    if (count > 0 && used > chars) break;
    count++;
  }
  return lines.slice(0, count);
}

/** Cuts a line for display and says how much is missing. `max` counts characters (UTF-16 units). */
export function clip(line: string, max: number): string {
  if (line.length <= max) return line;
  let end = max;
  if (isHighSurrogate(line.charCodeAt(end - 1))) end--;
  return `${line.slice(0, end)} [+${(line.length - end).toLocaleString("en-US")} characters]`;
}

/** Renders a reply within the budgets: REPLY_CHARS_MAX characters of text, REPLY_BYTES_MAX bytes in all. */
export function render(reply: Reply): CallResult {
  const content: Content[] = [];
  let chars = REPLY_CHARS_MAX - (reply.more?.length ?? 0);
  let bytes = REPLY_BYTES_MAX - 4 * REPLY_CHARS_MAX;
  const left: string[] = [];
  for (const part of reply.parts) {
    if (part.type === "text") {
      const shown = part.text.length <= chars ? part.text : cut(part.text, chars);
      chars = Math.max(0, chars - shown.length);
      if (shown !== "") content.push({ type: "text", text: shown.toWellFormed() });
      continue;
    }
    const data = Buffer.from(part.bytes).toString("base64");
    if (data.length > bytes) {
      left.push(
        `[left out: ${part.mimeType} of ${
          part.bytes.length.toLocaleString("en-US")
        } bytes, the reply is full]`,
      );
      continue;
    }
    bytes -= data.length;
    content.push({ type: part.type, data, mimeType: part.mimeType });
  }
  if (reply.more !== undefined) left.push(reply.more);
  appendText(content, left.join("\n"));
  return {
    content,
    isError: false,
    ...(reply.structured === undefined ? {} : { structuredContent: reply.structured }),
  };
}

/** An error as a result the model reads (`isError: true`). */
export function renderError(message: string): CallResult {
  return { content: [{ type: "text", text: cut(message, REPLY_CHARS_MAX).toWellFormed() }], isError: true };
}

function cut(body: string, chars: number): string {
  if (body.length <= chars) return body;
  const missing = body.length - chars;
  const notice = `\n[cut here: ${
    missing.toLocaleString("en-US")
  } more characters do not fit into one reply; ask for less]`;
  let end = Math.max(0, chars - notice.length);
  if (isHighSurrogate(body.charCodeAt(end - 1))) end--;
  return body.slice(0, end) + notice;
}

function appendText(content: Content[], sentence: string): void {
  if (sentence === "") return;
  const last = content.at(-1);
  if (last?.type === "text") {
    last.text = `${last.text}${last.text.endsWith("\n") ? "\n" : "\n\n"}${sentence.toWellFormed()}`;
  } else content.push({ type: "text", text: sentence.toWellFormed() });
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
