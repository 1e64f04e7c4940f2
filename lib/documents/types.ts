/**
 * Reading documents: PDF, office files, books, mail, notebooks and archives become Markdown.
 *
 * The work is done in a process of its own with a limit of time and memory, because what is read comes from
 * strangers. Its result is kept in the cache, so that the next page of the same document costs nothing.
 * @module
 */
import type { OpenFile } from "../fs/types.ts";

/** What a document is made of; in a message: `page 3`. */
export type Unit = "page" | "sheet" | "slide" | "chapter" | "cell" | "entry" | "section";

/** A kind of document that can be read. */
export interface Format {
  /** A short name of its own: `pdf`, `docx`. */
  readonly id: string;
  /** For a person: `PDF document`. */
  readonly name: string;
  /** IANA media type, or the customary one. */
  readonly mimeType: string;
  /**
   * Whether the file itself is text, which people also edit as it is: then it is always said how to see that
   * text, and it is shown where no Markdown can be made of it.
   */
  readonly isText: boolean;
}

/** Where a document comes from: an open file, or bytes that came otherwise, under the name they had. */
export type Source =
  | { readonly file: OpenFile }
  | { readonly bytes: Uint8Array; readonly name: string; readonly mimeType?: string };

/** Who waits, and how to tell them how far it has come; a tool's context is one. */
export interface Watch {
  readonly signal: AbortSignal;
  progress(done: number, total?: number, message?: string): void;
}

/** One page, sheet, slide, chapter or the like, and where it starts in the Markdown. */
export interface Part {
  /** As it stands in its heading: `Page 3`, `Sheet "Costs"`. */
  readonly name: string;
  /** Line of its heading, from 1. */
  readonly line: number;
}

/** What is known of the whole. */
export interface Summary {
  readonly format: Format;
  readonly unit: Unit;
  /** Pages, sheets or the like in the whole document; undefined when that did not come to light. */
  readonly total?: number;
  /** Title, author and the like, as the document states them: data, not truth. */
  readonly properties: Readonly<Record<string, string>>;
}

/** A document as Markdown: UTF-8, line feeds, one final newline, no invisible characters. */
export interface Markdown extends Summary {
  /** The Markdown, to be read like any file; valid only while `work` runs. */
  readonly file: OpenFile;
  /** Lines of the Markdown. */
  readonly lines: number;
  /** In the order of their lines. Empty where a document has no such division. */
  readonly parts: readonly Part[];
  /** What could not be read, or was left out, each a whole sentence with what to do about it. */
  readonly warnings: readonly string[];
}

/** A page as an image. */
export interface PageImage {
  /** `Page 3`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mimeType: string;
}

/** Reads documents. */
export interface Documents {
  /**
   * What a document these bytes are, or undefined when they are none that is read here. By the contents; the
   * name and the media type decide only between formats that are plain text.
   * @param head The beginning: SNIFF_BYTES suffice.
   */
  recognise(head: Uint8Array, name: string, mimeType?: string): Format | undefined;
  /**
   * Opens a document as Markdown, from the cache where it was read before.
   * @param pages Which part: `3`, `3-7`, `2,5-` (pages, slides, chapters, cells), a sheet's name, or a range
   * `Costs!A1:D20`. Undefined: all.
   * @throws {ToolError} for what is encrypted, damaged, too large, or no document.
   */
  withMarkdown<T>(
    source: Source,
    pages: string | undefined,
    watch: Watch,
    work: (markdown: Markdown) => Promise<T>,
  ): Promise<T>;
  /**
   * Pages of a PDF as they look.
   * @param pages As above; undefined: from the first one on. As many are returned as one reply carries.
   * @returns the images, and the number of pages in all
   * @throws {ToolError} for formats that have no pages to look at.
   */
  pageImages(
    source: Source,
    pages: string | undefined,
    watch: Watch,
  ): Promise<{ readonly images: readonly PageImage[]; readonly total: number }>;
  /** What is known of a document without reading all of it; undefined when that takes more than a moment. */
  summary(source: Source, watch: Watch): Promise<Summary | undefined>;
}
