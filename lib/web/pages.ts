/**
 * Reading pages: what was fetched becomes something to read, and is kept, so that its later parts cost
 * neither a second download nor a second conversion.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Documents, Format } from "../documents/types.ts";
import { ToolError } from "../errors.ts";
import { sizeText } from "../format.ts";
import { JSON_CHARS_MAX, MEDIA_BYTES_MAX, WEB_BINARY_BYTES_MAX, WEB_SAME_MS_MAX } from "../limits.ts";
import { readAt } from "../lines.ts";
import { sniff } from "../media.ts";
import { cleanOutside } from "../outside.ts";
import { detect } from "../text.ts";
import type { Cache } from "./cache.ts";
import { decodeText } from "./charset.ts";
import { type Client, isText, type Received, redact, tooLarge } from "./client.ts";
import type { Convert } from "./convert.ts";
import { parseAddress, shown } from "./guard.ts";
import { spreadJson } from "./json.ts";
import type { Content, Page, Watch, Web } from "./types.ts";

/** What is kept of a page beside its bytes. */
export interface Facts {
  readonly url: string;
  readonly mediaType: string;
  readonly charset?: string;
  readonly isCut: boolean;
  readonly notes: readonly string[];
  readonly etag?: string;
  readonly modified?: string;
  /** Milliseconds since 1970 when it came, or was confirmed. */
  readonly at: number;
  /** Milliseconds it may be taken without asking. */
  readonly freshMs: number;
  /** Whether it must not reach the disk. */
  readonly isSecret: boolean;
  /** What was made of it; missing as long as only its source was wanted. */
  readonly made?: Made;
}

type Made = Pick<Page, "title" | "what" | "content" | "notes">;

/** What reading pages stands on. */
export interface PagesOptions {
  readonly client: Client;
  readonly cache: Cache<Facts>;
  readonly convert: Convert;
  readonly documents: Documents;
  /** What everything kept depends on besides the address: the policy. */
  readonly cacheKey: string;
  /** The values of the headers configured for an origin: some servers send them back. */
  readonly secretsOf: (origin: string) => readonly string[];
  readonly now?: () => number;
}

/** A page before and after it was made readable. */
interface Source {
  readonly facts: Facts;
  readonly bytes: Buffer;
  readonly secrets: readonly string[];
  /** Whether what is kept must be written anew. */
  readonly isNew: boolean;
}

/** Makes the web of these parts. */
export function createPages(options: PagesOptions): Web {
  const { client } = options;
  return {
    async read(address, { raw, later }, watch) {
      const url = parseAddress(address);
      url.hash = "";
      const key = `${options.cacheKey}\n${url.href}`;
      const source = await obtain(url, key, later, watch, options);
      const { facts, bytes, secrets } = source;
      const made = raw ? asSource(source) : facts.made ?? await make(source, watch, options);
      if (source.isNew || (!raw && facts.made === undefined)) {
        const whole = raw ? facts : { ...facts, made };
        await options.cache.put(key, { facts: whole, bytes }, facts.isSecret);
      }
      const hide = (text: string) => redact(text, secrets);
      const said = [...facts.notes, ...made.notes, ...(facts.isCut ? [cutNote(bytes)] : [])];
      const page = { ...made, url: hide(facts.url), title: hide(made.title), notes: said.map(hide) };
      const { content } = made;
      return content.kind === "media"
        ? { ...page, bytes }
        : { ...page, content: { kind: "text", text: hide(content.text) } };
    },
    async download(address, watch) {
      const received = await client.get(address, "save", undefined, watch);
      const hide = (text: string) => redact(text, received.secrets);
      return { ...received, url: hide(received.url), notes: received.notes.map(hide) };
    },
    async send(address, outgoing, watch) {
      const received = await client.send(address, outgoing, watch);
      const { bytes, secrets, isCut } = received;
      const hide = (text: string) => redact(text, secrets);
      const facts = { ...received, at: 0, freshMs: 0, isSecret: true };
      const { content, what, ...made } = asSource({ facts, bytes, secrets, isNew: true });
      const notes = [...received.notes, ...made.notes, ...(isCut ? [cutNote(bytes)] : [])].map(hide);
      const page = { title: "", url: hide(received.url), what: `${hide(received.status)}, ${what}`, notes };
      return content.kind === "media"
        ? { ...page, content, bytes }
        : { ...page, content: { kind: "text", text: hide(content.text) } };
    },
  };
}

function cutNote(bytes: Buffer): string {
  return `Only its first ${sizeText(bytes.length)} were fetched`;
}

/** The page as it came: from what is kept where that will do, else from its server. */
async function obtain(
  url: URL,
  key: string,
  later: boolean,
  watch: Watch,
  options: PagesOptions,
): Promise<Source> {
  const now = options.now ?? Date.now;
  const kept = await options.cache.get(key);
  const age = kept === undefined ? Infinity : now() - kept.facts.at;
  if (kept !== undefined && age >= 0 && age < (later ? WEB_SAME_MS_MAX : kept.facts.freshMs)) {
    const secrets = [url.origin, new URL(kept.facts.url).origin].flatMap(options.secretsOf);
    return { ...kept, secrets, isNew: false };
  }
  const received = await options.client.get(url.href, "read", kept?.facts, watch);
  const { secrets, bytes, mediaType, charset, isCut, notes, etag, modified, caching, isSame } = received;
  const state = {
    at: now(),
    freshMs: freshness(received),
    isSecret: secrets.length > 0 || caching.includes("no-store"),
  };
  if (kept !== undefined && isSame) {
    return { facts: { ...kept.facts, ...state }, bytes: kept.bytes, secrets, isNew: true };
  }
  const facts: Facts = { url: received.url, mediaType, charset, isCut, notes, etag, modified, ...state };
  return { facts, bytes, secrets, isNew: true };
}

/** RFC 9111, section 4.2.1, without heuristics: what says nothing is asked for again. */
function freshness({ caching }: Received): number {
  if (/\bno-(cache|store)\b/.test(caching)) return 0;
  const [, seconds] = /(?:^|[\s,])max-age=(\d{1,9})/.exec(caching) ?? [];
  // A person who asks again after minutes wants to see what is there now, whatever the server promised.
  return Math.min(Number(seconds ?? 0) * 1_000, WEB_SAME_MS_MAX);
}

/** The source of a text; media as they are. */
function asSource(source: Source): Made {
  const { facts, bytes } = source;
  const text = textIn(source);
  if (text !== undefined) return textMade("", facts.mediaType || "text", text, []);
  return media(source) ?? unreadable(source, describe(bytes));
}

async function make(source: Source, watch: Watch, options: PagesOptions): Promise<Made> {
  const { facts, bytes } = source;
  const document = await asDocument(source, watch, options);
  if (document !== undefined) return document;
  const text = textIn(source);
  if (text === undefined) return media(source) ?? unreadable(source, describe(bytes));
  if (isHtml(facts.mediaType, text)) {
    const { markdown, title, notes } = await options.convert(text, facts.url, watch.signal);
    return textMade(title, "HTML page as Markdown", markdown, notes);
  }
  if (/^(application|text)\/(.*\+)?json$/.test(facts.mediaType)) {
    if (text.length > JSON_CHARS_MAX) {
      return textMade("", "JSON", text, ["It is too large to be spread over lines"]);
    }
    const isWhole = isJson(text);
    const notes = isWhole ? [] : ["It calls itself JSON and is none, so it is shown as it is"];
    return textMade("", "JSON", isWhole ? spreadJson(text) : text, facts.isCut ? [] : notes);
  }
  return textMade("", facts.mediaType || "text", text, []);
}

/** The text of what is text; undefined for anything else, whatever the server calls it. */
function textIn({ facts, bytes }: Source): string | undefined {
  const { mediaType, charset } = facts;
  const isPromised = isText(mediaType) && !/^%PDF-/.test(bytes.toString("latin1", 0, 5));
  // NUL does not stand in text; in UTF-16 and UTF-32 it does.
  const isBinary = bytes.subarray(0, 4_096).includes(0) && !/^utf-?(16|32)/i.test(charset ?? "");
  if (detect(bytes, facts.isCut) === undefined && (!isPromised || isBinary)) return undefined;
  return decodeText(bytes, mediaType, charset).text;
}

function isHtml(mediaType: string, text: string): boolean {
  if (/^(text\/html|application\/xhtml\+xml)$/.test(mediaType)) return true;
  return mediaType === "" && /^\s*(<!doctype html|<html|<head|<body)/i.test(text.slice(0, 1_000));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A document through the reader of documents. What is text anyway is left to us. */
async function asDocument(source: Source, watch: Watch, options: PagesOptions): Promise<Made | undefined> {
  const { facts, bytes } = source;
  const name = fileName(facts.url);
  const { documents } = options;
  const format = documents.recognise(bytes.subarray(0, 4_096), name, facts.mediaType || undefined);
  if (format === undefined || isPlain(format)) return undefined;
  if (facts.isCut) {
    throw tooLarge(
      new URL(facts.url),
      `more than ${sizeText(WEB_BINARY_BYTES_MAX)}`,
      WEB_BINARY_BYTES_MAX,
      "read",
    );
  }
  const from = { bytes, name, mimeType: facts.mediaType || undefined };
  return await documents.withMarkdown(from, undefined, watch, async ({ file, properties, warnings }) => {
    const buffer = await readAt(file, Buffer.alloc(file.info.size), 0);
    return textMade(properties.title ?? "", `${format.name} as Markdown`, buffer.toString("utf8"), warnings);
  });
}

/** The last part of an address, as a name of a file. */
function fileName(url: string): string {
  const last = new URL(url).pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** Whether a format is a text of the web, which is read here. */
function isPlain(format: Format): boolean {
  return format.isText && /^(text\/|application\/(xhtml\+xml|json))/.test(format.mimeType);
}

/** Images and sound that a reply can carry. */
function media({ facts, bytes }: Source): Made | undefined {
  const type = sniff(bytes);
  if (type === undefined || (type.kind !== "image" && type.kind !== "audio")) return undefined;
  if (bytes.length > MEDIA_BYTES_MAX || facts.isCut) {
    throw new ToolError(
      `Cannot show "${shown(facts.url)}": it is a ${type.name} of ${sizeText(bytes.length)}, and a reply ` +
        `carries at most ${sizeText(MEDIA_BYTES_MAX)}`,
      "Look for a smaller copy, or save it with download_file.",
    );
  }
  return {
    title: "",
    what: `${type.name}, ${sizeText(bytes.length)}`,
    content: { kind: "media", type: type.kind, mimeType: type.mimeType },
    notes: [],
  };
}

function unreadable({ facts, bytes }: Source, what: string): never {
  throw new ToolError(
    `Cannot read "${shown(facts.url)}": it is ${what} of ${sizeText(bytes.length)}`,
    "download_file saves it as it is.",
  );
}

function describe(bytes: Buffer): string {
  const name = sniff(bytes)?.name;
  return name === undefined ? "binary data" : `no text but ${/^[aeio]/i.test(name) ? "an" : "a"} ${name}`;
}

function textMade(title: string, what: string, text: string, notes: readonly string[]): Made {
  const content: Content = { kind: "text", text: cleanOutside(text) };
  return {
    title: cleanOutside(title).replace(/\s+/g, " ").trim(),
    what,
    content,
    notes: notes.map(cleanOutside),
  };
}
