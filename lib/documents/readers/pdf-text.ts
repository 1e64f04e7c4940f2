/**
 * The characters of a PDF page as pieces of text with their places: what stands on one line without a gap
 * that separates columns.
 * @module
 */
import type { Pdf } from "./pdfium.ts";

/** A piece of text. Coordinates are in points, turned so that it runs from `left` to `right`, `y` upwards. */
export interface Piece {
  text: string;
  left: number;
  right: number;
  /** The baseline. */
  readonly y: number;
  /** Height of the font. */
  readonly size: number;
}

/** The pieces of a page, by the direction in which they run; the main one first. */
export interface PageText {
  readonly directions: readonly (readonly Piece[])[];
  /** Characters in all. */
  readonly chars: number;
  /** Characters whose font does not tell which letters they are. */
  readonly unknown: number;
}

const SPACE = 0x20;
const HYPHEN = 2;
/** In heights of the font: where a word ends, a piece ends, and a piece ends although a space is written. */
const WORD_GAP = 0.17;
const PIECE_GAP = 0.75;
const SPACED_GAP = 1.3;

/** A character, turned so that it is read from left to right. */
interface Glyph {
  left: number;
  right: number;
  y: number;
  size: number;
}

/** Reads the text of a page. */
export function readPageText(pdf: Pdf, page: number): PageText {
  const { api } = pdf;
  const text = api.FPDFText_LoadPage(page);
  if (text === 0) return { directions: [], chars: 0, unknown: 0 };
  const room = api.malloc(64);
  try {
    const count = api.FPDFText_CountChars(text);
    const memory = pdf.memory();
    const directions = new Map<number, Collector>();
    const glyph: Glyph = { left: 0, right: 0, y: 0, size: 0 };
    let unknown = 0;
    let chars = 0;
    for (let index = 0; index < count; index++) {
      const code = api.FPDFText_GetUnicode(text, index);
      if (code <= SPACE && code !== HYPHEN) {
        if (code === SPACE && api.FPDFText_IsGenerated(text, index) === 0) {
          for (const collector of directions.values()) collector.space();
        }
        continue;
      }
      if (code === 0xfffe || code === 0xffff || code === 0xfffd) unknown++;
      chars++;
      if (api.FPDFText_GetLooseCharBox(text, index, room) === 0) continue;
      api.FPDFText_GetCharOrigin(text, index, room + 16, room + 24);
      const turn = turnOf(api.FPDFText_GetCharAngle(text, index));
      place(glyph, memory, room, turn);
      let collector = directions.get(turn);
      if (collector === undefined) directions.set(turn, collector = new Collector());
      collector.add(glyph, code === HYPHEN ? "-" : String.fromCodePoint(code));
    }
    const ordered = [...directions.values()].sort((a, b) => b.chars - a.chars);
    return { directions: ordered.map((collector) => collector.finish()), chars, unknown };
  } finally {
    api.free(room);
    api.FPDFText_ClosePage(text);
  }
}

/**
 * Quarter turns to the left, 0 to 3; 4 for what stands askew, such as watermarks. PDFium counts to the right.
 */
function turnOf(radians: number): number {
  const quarters = -radians / (Math.PI / 2);
  const nearest = Math.round(quarters);
  return Math.abs(quarters - nearest) > 0.06 ? 4 : ((nearest % 4) + 4) % 4;
}

function place(glyph: Glyph, memory: DataView, room: number, turn: number): void {
  const left = memory.getFloat32(room, true);
  const top = memory.getFloat32(room + 4, true);
  const right = memory.getFloat32(room + 8, true);
  const bottom = memory.getFloat32(room + 12, true);
  const x = memory.getFloat64(room + 16, true);
  const y = memory.getFloat64(room + 24, true);
  switch (turn) {
    case 1:
      setGlyph(glyph, bottom, top, -x, right - left);
      return;
    case 2:
      setGlyph(glyph, -right, -left, -y, top - bottom);
      return;
    case 3:
      setGlyph(glyph, -top, -bottom, x, right - left);
      return;
    default:
      setGlyph(glyph, left, right, y, top - bottom);
  }
}

function setGlyph(glyph: Glyph, left: number, right: number, y: number, size: number): void {
  glyph.left = left;
  glyph.right = right;
  glyph.y = y;
  // What claims no height, or that of a house, still needs a measure.
  glyph.size = size > 0.5 && size < 500 ? size : 10;
}

/** Joins characters to pieces. */
class Collector {
  chars = 0;
  readonly #pieces: Piece[] = [];
  #piece: Piece | undefined;
  #isSpaced = false;

  space(): void {
    this.#isSpaced = true;
  }

  add({ left, right, y, size }: Glyph, character: string): void {
    this.chars++;
    const piece = this.#piece;
    const gap = piece === undefined ? Infinity : left - piece.right;
    const isSpaced = this.#isSpaced;
    this.#isSpaced = false;
    if (
      piece !== undefined && Math.abs(y - piece.y) < 0.15 * size && size < piece.size * 1.25 &&
      piece.size < size * 1.25
    ) {
      if (gap > -0.5 * size && gap < (isSpaced ? SPACED_GAP : PIECE_GAP) * size) {
        piece.text += (isSpaced || gap > WORD_GAP * size ? " " : "") + character;
        piece.right = Math.max(piece.right, right);
        return;
      }
    }
    this.#piece = { text: character, left, right, y, size };
    this.#pieces.push(this.#piece);
  }

  finish(): Piece[] {
    return this.#pieces;
  }
}
