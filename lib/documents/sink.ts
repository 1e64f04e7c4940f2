/**
 * Where readers put the Markdown of a document: it keeps the limits, knows the parts and cleans the text.
 * @module
 */
import { count, counted } from "../format.ts";
import {
  DOCUMENT_MS_MAX,
  DOCUMENT_PARTS_MAX,
  MARKDOWN_BATCH_CHARS,
  MARKDOWN_CHARS_MAX,
  MARKDOWN_LINE_CHARS_MAX,
} from "../limits.ts";
import { cleanOutside } from "../outside.ts";
import { clip } from "../reply.ts";
import type { Selection } from "./selection.ts";
import type { Format, Part, Unit } from "./types.ts";
import { Unreadable } from "./unreadable.ts";

/** What is known when a document was read. */
export interface Outcome {
  readonly format: Format;
  readonly unit: Unit;
  readonly total?: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly lines: number;
  readonly parts: readonly Part[];
  readonly warnings: readonly string[];
}

/** Ends the reading, because there is enough: what was read by then counts. */
class Enough extends Error {}

/** Titles of a document in characters. */
const PROPERTY_CHARS_MAX = 200;
const WARNINGS_MAX = 20;

/** Takes the Markdown of one document. */
export class Sink {
  readonly selection: Selection;
  format: Format;
  unit: Unit = "section";
  /** Pages, sheets or the like in the whole document, as far as known. */
  total: number | undefined;
  readonly #post: (markdown: string) => Promise<void>;
  readonly #deadline: number;
  readonly #properties: Record<string, string> = {};
  readonly #parts: Part[] = [];
  readonly #names: string[] = [];
  readonly #warnings: string[] = [];
  #buffer: string[] = [];
  #buffered = 0;
  #chars = 0;
  #lines = 0;
  #seen = 0;
  #wasBlank = true;
  #isWanted: boolean;

  /** @param post Takes pieces of Markdown, in order. */
  constructor(format: Format, selection: Selection, post: (markdown: string) => Promise<void>) {
    this.format = format;
    this.selection = selection;
    this.#post = post;
    this.#deadline = performance.now() + DOCUMENT_MS_MAX;
    this.#isWanted = selection.text === undefined;
  }

  /** Whether what comes now was asked for. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  /**
   * Begins a page, sheet or the like.
   * @param heading What stands in its heading, such as `Page 3`.
   * @param name What it can be asked for by, besides its number.
   * @returns whether it is wanted. What is not may be written nevertheless, and is dropped.
   */
  part(heading: string, name?: string): boolean {
    this.#seen++;
    if (this.#names.length < 30) this.#names.push(name ?? String(this.#seen));
    this.#isWanted = this.selection.wants(this.#seen, name);
    if (!this.#isWanted) {
      this.#checkTime();
      if (this.selection.isPast(this.#seen)) throw new Enough();
      return false;
    }
    this.blank();
    const shown = oneLine(heading).slice(0, 200);
    if (this.#parts.length < DOCUMENT_PARTS_MAX) this.#parts.push({ name: shown, line: this.#lines + 1 });
    this.line(`## ${shown}`);
    this.blank();
    return true;
  }

  /** Adds lines of Markdown. */
  line(markdown: string): void {
    if (!this.#isWanted) return;
    const clean = cleanOutside(markdown);
    if (clean.includes("\n")) {
      for (const line of clean.split("\n")) this.#add(line);
    } else this.#add(clean);
  }

  /** Adds lines of text that is no Markdown: what would be taken for a heading is escaped. */
  text(text: string): void {
    this.line(text.replace(/^(\s*)#/gm, "$1\\#"));
  }

  /** Adds an empty line, unless there is one. */
  blank(): void {
    if (this.#isWanted && !this.#wasBlank) this.#add("");
  }

  /** Says what could not be read. */
  warn(sentence: string): void {
    if (this.#warnings.length < WARNINGS_MAX && !this.#warnings.includes(sentence)) {
      this.#warnings.push(cleanOutside(sentence));
    }
  }

  /** Notes what the document states about itself. */
  property(name: string, value: string | undefined): void {
    const clean = oneLine(value ?? "").slice(0, PROPERTY_CHARS_MAX);
    if (clean !== "") this.#properties[name] = clean;
  }

  /** Hands on what has gathered. Call it now and then: the reader is held up as long as nobody takes it. */
  async drain(): Promise<void> {
    this.#checkTime();
    if (this.#buffered >= MARKDOWN_BATCH_CHARS) await this.#flush();
  }

  /** Runs a reader to its end, or to where there is enough. */
  async collect(read: () => Promise<void>): Promise<Outcome> {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof Enough)) throw error;
      if (error.message !== "") this.warn(error.message);
    }
    const { format, unit, total, selection } = this;
    if (selection.text !== undefined && this.#parts.length === 0) this.#refuseSelection(selection.text);
    if (this.#buffer.at(-1) === "") {
      this.#buffer.pop();
      this.#lines--;
    }
    await this.#flush();
    return {
      format,
      unit,
      ...(total === undefined ? {} : { total }),
      properties: this.#properties,
      lines: this.#lines,
      parts: this.#parts,
      warnings: this.#warnings,
    };
  }

  #refuseSelection(asked: string): never {
    const shown = JSON.stringify(asked.slice(0, 100));
    if (this.#seen === 0) {
      throw new Unreadable(
        `it has no ${this.unit}s that ${shown} could name`,
        "Leave out pages, and use offset and limit.",
      );
    }
    const total = this.total ?? this.#seen;
    const isNamed = this.#names.some((name) => /\D/.test(name));
    throw new Unreadable(
      `it has ${counted(total, this.unit)}, and ${shown} is none of them`,
      isNamed
        ? `They are: ${this.#names.map((name) => JSON.stringify(name.slice(0, 60))).join(", ")}${
          total > this.#names.length ? ", …" : ""
        }.`
        : `Use numbers from 1 to ${total}.`,
    );
  }

  #add(line: string): void {
    const shown = line.length > MARKDOWN_LINE_CHARS_MAX ? clip(line, MARKDOWN_LINE_CHARS_MAX) : line;
    const isBlank = shown.trim() === "";
    if (isBlank && this.#wasBlank) return;
    this.#wasBlank = isBlank;
    this.#buffer.push(isBlank ? "" : shown.trimEnd());
    this.#lines++;
    this.#buffered += shown.length + 1;
    this.#chars += shown.length + 1;
    if (this.#chars > MARKDOWN_CHARS_MAX) {
      throw new Enough(
        `Only the first ${
          count(MARKDOWN_CHARS_MAX)
        } characters were read, up to ${this.#last()}. ${this.#rest()}`,
      );
    }
    if (this.#lines % 1_024 === 0) this.#checkTime();
  }

  #checkTime(): void {
    if (performance.now() < this.#deadline) return;
    throw new Enough(
      `Reading was stopped after ${DOCUMENT_MS_MAX / 1000} seconds, at ${this.#last()}. ${this.#rest()}`,
    );
  }

  #last(): string {
    return this.#parts.at(-1)?.name ?? `line ${count(this.#lines)}`;
  }

  #rest(): string {
    return this.#seen > 1 ? `Ask for the rest with pages "${this.#seen}-".` : "Ask for a part with pages.";
  }

  async #flush(): Promise<void> {
    if (this.#buffer.length === 0) return;
    const markdown = `${this.#buffer.join("\n")}\n`;
    this.#buffer = [];
    this.#buffered = 0;
    await this.#post(markdown);
  }
}

function oneLine(text: string): string {
  return cleanOutside(text).replace(/\s+/g, " ").trim();
}
