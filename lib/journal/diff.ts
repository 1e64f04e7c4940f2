/**
 * What a change did, as a person reads it: a unified diff of a text, a sentence for anything else.
 * @module
 */
import { diffBetween } from "../diff.ts";
import { counted, sizeText } from "../format.ts";
import { show } from "../fs/roots.ts";
import { decode } from "../text.ts";
import type { Change } from "./types.ts";

/**
 * Describes a change by what stood there before and after.
 * @param sides The bytes of both; none for nothing, undefined where they are not known.
 */
export async function describeDiff(
  change: Change,
  [oldBytes, newBytes]: readonly (Uint8Array | undefined)[],
): Promise<string> {
  const { before, after } = change;
  const image = after ?? before;
  if (image === undefined || image.kind !== "file") {
    return image?.kind === "folder" && image.entries > 1
      ? `(a folder of ${counted(image.entries - 1, "entry", "entries")}, ${sizeText(image.bytes)})`
      : "";
  }
  if (oldBytes === undefined || newBytes === undefined) return "(too large, or changed since: no diff)";
  const [oldText, newText] = [textOf(oldBytes), textOf(newBytes)];
  if (oldText === undefined || newText === undefined) return "(not text)";
  if (oldText === newText) return "(the same text)";
  const name = show(change.destination ?? change.path);
  const { text, cutAt } = await diffBetween(oldText, newText);
  return [
    `--- ${before === undefined ? "nothing" : name}`,
    `+++ ${after === undefined ? "nothing" : name}`,
    text,
    ...(cutAt === undefined ? [] : [`(cut here, at line ${cutAt})`]),
  ].join("\n");
}

function textOf(bytes: Uint8Array): string | undefined {
  return bytes.length === 0 ? "" : decode(bytes)?.text.replaceAll("\r\n", "\n");
}
