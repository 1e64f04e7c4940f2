/**
 * What a page keeps from its readers by the style of an element: text that only a program would read.
 *
 * Style sheets are not read, so what they hide is shown. What pages let come into view later (`opacity`,
 * a height of nothing) is shown as well: that is text for readers.
 * @module
 */

/** Pixels beyond the edge at which nobody finds it any more. */
const AWAY = 900;

/**
 * Whether nobody sees an element of this style.
 * @param isLeaf Whether it has no elements in it, which could have letters of a size of their own.
 */
export function isHidden(style: string, isLeaf: boolean): boolean {
  const css = declarationsOf(style);
  const value = (name: string) => css.get(name) ?? "";
  if (value("display") === "none" || /^(hidden|collapse)$/.test(value("visibility"))) return true;
  if (value("content-visibility") === "hidden") return true;
  if (/^(absolute|fixed)$/.test(value("position"))) {
    if (["left", "top", "right", "bottom"].some((side) => pixels(value(side)) < -AWAY)) return true;
    if (/^rect\((0|1)(px)?[, ]/.test(value("clip"))) return true;
  }
  if (pixels(value("text-indent")) < -AWAY || /^inset\((50|100)%/.test(value("clip-path"))) return true;
  return isLeaf && pixels(value("font-size")) <= 1;
}

/** The properties and their values in small letters; the last of each counts. */
function declarationsOf(style: string): ReadonlyMap<string, string> {
  const plain = style.replace(/\/\*[^]*?\*\//g, "").replace(
    /\\(?:([0-9a-fA-F]{1,6})[ \t\n]?|([^\n]))/g,
    (_, code: string | undefined, letter = "") => code === undefined ? letter : letterOf(code),
  );
  return new Map(
    plain.toLowerCase().split(";").map((one) => {
      const colon = one.indexOf(":");
      const value = one.slice(colon + 1).replace(/!\s*important/, "");
      return [one.slice(0, Math.max(0, colon)).trim(), value.trim()];
    }),
  );
}

function letterOf(code: string): string {
  const point = Number.parseInt(code, 16);
  return point > 0x10ffff ? "" : String.fromCodePoint(point);
}

/** A length in pixels, roughly; NaN for what is none, and for parts of something else. */
function pixels(value: string): number {
  const [, number, unit = ""] = /^(-?[0-9.]+)(px|pt|em|rem|cm|in|mm|vw|vh|%)?$/.exec(value) ?? [];
  const scale = { em: 16, rem: 16, cm: 38, in: 96, mm: 4, vw: 10, vh: 10, "%": 10 }[unit] ?? 1;
  return number === undefined ? NaN : Number(number) * scale;
}
