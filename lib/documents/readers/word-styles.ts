/**
 * Of Word's styles and numberings, what Markdown can show: which paragraphs are headings, and which are
 * items of what list.
 * @module
 */
import { readPart } from "../package.ts";
import type { Zip } from "../zip.ts";

/** What a style means for its paragraphs. */
export interface Style {
  /** Of a heading, from 0. */
  readonly level: number | undefined;
  readonly list: { readonly id: string; readonly level: number } | undefined;
}

/** Styles by their id. */
export type Styles = ReadonlyMap<string, Style>;

/** What stands in front of an item, by `numbering:level`: `-`, `1.`, or "none". */
export type Lists = ReadonlyMap<string, string>;

interface Found {
  level: number | undefined;
  numbering: string | undefined;
  listLevel: number;
  basedOn: string | undefined;
}

/** Styles that are based on each other, at most: more is a circle. */
const STYLES_DEPTH_MAX = 12;

/** Reads the styles (17.7) of paragraphs. */
export async function readStyles(zip: Zip, part: string): Promise<Styles> {
  const found = new Map<string, Found>();
  let current: Found | undefined;
  await readPart(zip, part, {
    open(name, attributes) {
      const value = attributes.get("val");
      if (name === "style") {
        current = { level: undefined, numbering: undefined, listLevel: 0, basedOn: undefined };
        found.set(attributes.get("styleId") ?? "", current);
      } else if (current === undefined) return;
      else if (name === "name") current.level ??= levelOf(value ?? "");
      else if (name === "outlineLvl") current.level ??= Number(value) < 9 ? Number(value) : undefined;
      else if (name === "numId") current.numbering = value;
      else if (name === "ilvl") current.listLevel = Number(value);
      else if (name === "basedOn") current.basedOn = value;
    },
    close: (name) => void (current = name === "style" ? undefined : current),
  });
  const styles = new Map<string, Style>();
  for (const [id, style] of found) {
    let base: Found | undefined = style;
    let level: number | undefined;
    let list: Style["list"];
    for (let depth = 0; base !== undefined && depth < STYLES_DEPTH_MAX; depth++) {
      level ??= base.level;
      if (list === undefined && base.numbering !== undefined) {
        list = { id: base.numbering, level: base.listLevel };
      }
      base = found.get(base.basedOn ?? "");
    }
    styles.set(id, { level, list });
  }
  return styles;
}

/** Names of the built-in styles are stored in English, whatever the language of the program. */
function levelOf(name: string): number | undefined {
  if (/^title$/i.test(name)) return 0;
  const level = /^heading ([1-9])$/i.exec(name)?.[1];
  return level === undefined ? undefined : Number(level) - 1;
}

/** Reads the numberings (17.9). */
export async function readLists(zip: Zip, part: string): Promise<Lists> {
  const abstract = new Map<string, string>();
  const lists = new Map<string, string>();
  let id = "";
  let level = "";
  let numbering: string | undefined;
  await readPart(zip, part, {
    open(name, attributes) {
      if (name === "abstractNum") id = attributes.get("abstractNumId") ?? "";
      else if (name === "lvl") level = attributes.get("ilvl") ?? "0";
      else if (name === "numFmt") {
        const format = attributes.get("val");
        const mark = format === "bullet" ? "-" : format === "none" ? "none" : "1.";
        // Inside of a numbering it overrides what the numbering is based on.
        if (numbering === undefined) abstract.set(`${id}:${level}`, mark);
        else lists.set(`${numbering}:${level}`, mark);
      } else if (name === "num") numbering = attributes.get("numId") ?? "";
      else if (name === "abstractNumId" && numbering !== undefined) {
        const base = attributes.get("val") ?? "";
        for (let at = 0; at < 9; at++) {
          lists.set(`${numbering}:${at}`, abstract.get(`${base}:${at}`) ?? "-");
        }
      }
    },
    close: (name) => void (numbering = name === "num" ? undefined : numbering),
  });
  return lists;
}
