/**
 * PowerPoint presentations (ECMA-376 part 1, PresentationML): titles, texts, tables and the speaker's notes
 * of each slide.
 * @module
 */
import { heading, link, marked, writeTable } from "../markdown.ts";
import { mainPart, readPart, readProperties, type Relationship, relationships } from "../package.ts";
import type { Sink } from "../sink.ts";
import type { Attributes, XmlHandler } from "../xml.ts";
import type { Zip } from "../zip.ts";

/** Reads a presentation. */
export async function readPowerPoint(zip: Zip, sink: Sink): Promise<void> {
  sink.unit = "slide";
  const main = await mainPart(zip, "ppt/presentation.xml");
  await readProperties(zip, "docProps/core.xml", sink);
  const links = await relationships(zip, main);
  const slides: string[] = [];
  await readPart(zip, main, {
    open(name, attributes) {
      if (name === "sldId") slides.push(links.get(attributes.get("r:id") ?? "")?.target ?? "");
    },
  });
  sink.total = slides.length;
  for (const [index, part] of slides.entries()) {
    await sink.drain();
    if (!sink.selection.wants(index + 1)) {
      sink.part(`Slide ${index + 1}`);
      continue;
    }
    const slideLinks = await relationships(zip, part);
    let isHidden = false;
    const slide = new SlideReader(slideLinks, (attributes) => isHidden = attributes.get("show") === "0");
    await readPart(zip, part, slide);
    sink.part(`Slide ${index + 1}${isHidden ? " (hidden)" : ""}`);
    slide.write(sink);
    const notes = [...slideLinks.values()].find(({ type }) => type === "notesSlide");
    if (notes !== undefined) await readNotes(zip, notes.target, sink);
  }
}

async function readNotes(zip: Zip, part: string, sink: Sink): Promise<void> {
  const notes = new SlideReader(await relationships(zip, part), () => {}, /^body$/);
  await readPart(zip, part, notes);
  if (notes.isEmpty) return;
  sink.blank();
  sink.line("**Notes:**");
  sink.blank();
  notes.write(sink);
}

type Block =
  | { readonly kind: "title" | "text"; readonly lines: string[] }
  | { readonly kind: "table"; readonly rows: string[][] };

/** Placeholders that repeat what every slide has. */
const FURNITURE = /^(sldNum|dt|ftr|hdr|sldImg)$/;

/** Takes a slide as it passes by, and writes it when it is complete: its title may come last. */
class SlideReader implements XmlHandler {
  readonly #links: ReadonlyMap<string, Relationship>;
  readonly #onSlide: (attributes: Attributes) => void;
  /** Only placeholders of these types, when given. */
  readonly #only: RegExp | undefined;
  readonly #blocks: Block[] = [];
  #placeholder: string | undefined;
  #lines: string[] = [];
  #rows: string[][] | undefined;
  #line = "";
  #level = 0;
  #bullet: "-" | "1." | "" | undefined;
  #bold = false;
  #target: string | undefined;
  #runAt = 0;
  #inText = false;
  #skipping = 0;

  constructor(
    links: ReadonlyMap<string, Relationship>,
    onSlide: (attributes: Attributes) => void,
    only?: RegExp,
  ) {
    this.#links = links;
    this.#onSlide = onSlide;
    this.#only = only;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  open(name: string, attributes: Attributes): void {
    if (this.#skipping > 0 || name === "Fallback") {
      this.#skipping++;
      return;
    }
    switch (name) {
      case "sld":
        this.#onSlide(attributes);
        break;
      case "sp":
      case "graphicFrame":
      case "pic":
        this.#placeholder = undefined;
        this.#lines = [];
        break;
      case "cNvPr": {
        const what = attributes.get("descr");
        if (what !== undefined && what !== "") this.#lines.push(`[image: ${what}]`);
        break;
      }
      case "ph":
        this.#placeholder = attributes.get("type") ?? "body";
        break;
      case "chart":
        this.#lines.push("[chart]");
        break;
      case "tbl":
        this.#rows = [];
        break;
      case "tr":
        this.#rows?.push([]);
        break;
      case "tc":
        this.#lines = [];
        break;
      default:
        this.#openText(name, attributes);
    }
  }

  text(text: string): void {
    if (this.#skipping === 0 && this.#inText) this.#line += text;
  }

  close(name: string): void {
    if (this.#skipping > 0) {
      this.#skipping--;
      return;
    }
    if (name === "t") this.#inText = false;
    else if (name === "r") this.#endRun();
    else if (name === "p") this.#endParagraph();
    else if (name === "tc") {
      this.#rows?.at(-1)?.push(this.#lines.join("\n"));
      this.#lines = [];
    } else if (name === "tbl") {
      if (this.#rows !== undefined) this.#blocks.push({ kind: "table", rows: this.#rows });
      this.#rows = undefined;
    } else if (name === "sp" || name === "graphicFrame" || name === "pic") this.#endShape();
  }

  /** Writes the slide, its title first. */
  write(sink: Sink): void {
    for (const block of [...this.#blocks].sort((a, b) => rank(a) - rank(b))) {
      sink.blank();
      if (block.kind === "table") writeTable(sink, block.rows);
      else if (block.kind === "title") sink.line(heading(3, block.lines.join(" ")));
      else for (const line of block.lines) sink.text(line);
      sink.blank();
    }
  }

  #openText(name: string, attributes: Attributes): void {
    switch (name) {
      case "p":
        this.#line = "";
        this.#level = 0;
        this.#bullet = undefined;
        break;
      case "pPr":
        this.#level = Math.min(8, Number(attributes.get("lvl") ?? 0) || 0);
        break;
      case "buChar":
        this.#bullet = "-";
        break;
      case "buAutoNum":
        this.#bullet = "1.";
        break;
      case "buNone":
        this.#bullet = "";
        break;
      case "r":
        this.#runAt = this.#line.length;
        this.#bold = false;
        this.#target = undefined;
        break;
      case "rPr":
        this.#bold = /^(1|true)$/.test(attributes.get("b") ?? "");
        break;
      case "hlinkClick":
        this.#target = this.#links.get(attributes.get("r:id") ?? "")?.target;
        break;
      case "br":
        this.#line += "\n";
        break;
      case "t":
        this.#inText = true;
        break;
    }
  }

  #endRun(): void {
    const run = this.#line.slice(this.#runAt);
    const shown = this.#target === undefined
      ? this.#bold && !this.#isTitle() ? marked(run, "**") : run
      : link(run, this.#target);
    this.#line = this.#line.slice(0, this.#runAt) + shown;
  }

  #endParagraph(): void {
    const text = this.#line.trim();
    this.#line = "";
    if (text === "") return;
    // Paragraphs of a text placeholder are items unless they say otherwise, as in every template.
    const isItem = this.#rows === undefined && !this.#isTitle() && this.#only === undefined &&
      /^(body|obj)$/.test(this.#placeholder ?? "");
    const mark = this.#bullet ?? (isItem ? "-" : "");
    const indent = "  ".repeat(this.#level);
    this.#lines.push(mark === "" ? text : `${indent}${mark} ${text.replaceAll("\n", `\n${indent}  `)}`);
  }

  #endShape(): void {
    const placeholder = this.#placeholder ?? "";
    const lines = this.#lines;
    this.#lines = [];
    this.#placeholder = undefined;
    if (lines.length === 0 || FURNITURE.test(placeholder)) return;
    if (this.#only !== undefined && !this.#only.test(placeholder)) return;
    this.#blocks.push({ kind: /^(title|ctrTitle)$/.test(placeholder) ? "title" : "text", lines });
  }

  #isTitle(): boolean {
    return /^(title|ctrTitle)$/.test(this.#placeholder ?? "");
  }
}

function rank({ kind }: Block): number {
  return kind === "title" ? 0 : 1;
}
