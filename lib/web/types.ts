/**
 * Reaching the web. There is no other way to it for a tool: what is fetched, from where and with which
 * headers is decided behind this interface, by the person's configuration and never by the caller.
 * @module
 */
import type { Buffer } from "node:buffer";

/** Who waits, and how to tell them how far it has come; a tool's context is one. */
export interface Watch {
  readonly signal: AbortSignal;
  progress(done: number, total?: number, message?: string): void;
}

/** What came from an address, as it is. */
export interface Fetched {
  /** Where it came from in the end, redirects followed. */
  readonly url: string;
  /** The media type the server named, without parameters, in lower case; "" when it named none. */
  readonly mediaType: string;
  /** The character encoding the server named. */
  readonly charset?: string;
  /** Decompressed. */
  readonly bytes: Buffer;
  /** Whether more bytes were there than were taken. */
  readonly isCut: boolean;
  /** What the reader should know: redirects, that it left https. Whole sentences. */
  readonly notes: readonly string[];
  /** Secrets of the configuration that were sent for it: what is shown must not repeat them. */
  readonly secrets: readonly string[];
}

/** What is in a page, ready to be shown. */
export type Content =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "media"; readonly type: "image" | "audio"; readonly mimeType: string };

/** A page that was read. */
export interface Page {
  readonly url: string;
  /** Its own title: data from outside. */
  readonly title: string;
  /** What it was: `HTML page`, `PDF document`, `PNG image`. */
  readonly what: string;
  readonly content: Content;
  /** The bytes of media. */
  readonly bytes?: Buffer;
  /** What was left out or could not be read. Whole sentences of ours. */
  readonly notes: readonly string[];
}

/** What is sent to an address that is not only read. */
export interface Outgoing {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE";
  /** Its text and media type; undefined for an empty one. */
  readonly body?: { readonly mediaType: string; readonly text: string };
}

/** The web, as far as the person's configuration opens it. */
export interface Web {
  /**
   * Reads a page: HTML and documents as Markdown, JSON in lines, text as it is, images and sound as media.
   * @param options `raw`: the source of what is text. `later`: a later part of a page is wanted, so that
   * what was fetched a short time ago is taken without asking the server again.
   * @throws {ToolError} for an address that is closed, does not answer, or answers with an error.
   */
  read(url: string, options: { readonly raw: boolean; readonly later: boolean }, watch: Watch): Promise<Page>;
  /**
   * Fetches a file as it is, to be saved: at most DOWNLOAD_BYTES_MAX, nothing is kept.
   * @throws {ToolError} as above, and for a file that is larger.
   */
  download(url: string, watch: Watch): Promise<Fetched>;
  /**
   * Sends something and reads the answer, as it is. Never more than once, never to another address than the
   * one given: of redirects only those are followed that lead to a page about what was done. Nothing is kept.
   * @throws {ToolError} as above; when it is not known whether it was carried out, it says so.
   */
  send(url: string, outgoing: Outgoing, watch: Watch): Promise<Page>;
}
