/**
 * The encodings of letters in RTF: code pages of Windows.
 * @module
 */

/** Windows character sets by their number. */
export const CHARSETS: ReadonlyMap<number, number> = new Map([
  [0, 1252],
  [128, 932],
  [129, 949],
  [134, 936],
  [136, 950],
  [161, 1253],
  [162, 1254],
  [163, 1258],
  [177, 1255],
  [178, 1256],
  [186, 1257],
  [204, 1251],
  [222, 874],
  [238, 1250],
]);

/** Code pages with names of their own in the WHATWG Encoding Standard. */
const NAMED: Readonly<Record<number, string>> = {
  932: "shift_jis",
  936: "gbk",
  949: "euc-kr",
  950: "big5",
  65001: "utf-8",
  10000: "macintosh",
};

/** Decodes a code page of Windows. */
export function decoderOf(codePage: number): TextDecoder {
  try {
    return new TextDecoder(NAMED[codePage] ?? `windows-${codePage}`);
  } catch {
    return new TextDecoder("windows-1252");
  }
}
