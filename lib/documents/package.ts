/**
 * What the formats that are ZIP archives of XML have in common: relationships, whole small parts, properties.
 * @module
 */
import type { Sink } from "./sink.ts";
import { Unreadable } from "./unreadable.ts";
import { type Attributes, readXml, type XmlHandler } from "./xml.ts";
import type { Zip } from "./zip.ts";

/** A relationship of a part (ECMA-376 part 2, 9.3). */
export interface Relationship {
  /** The last word of its type: `worksheet`, `hyperlink`. */
  readonly type: string;
  /** The name of another part, or an address when external. */
  readonly target: string;
  readonly isExternal: boolean;
}

/** Reads a part as XML; nothing happens when there is none. */
export async function readPart(zip: Zip, name: string, handler: Partial<XmlHandler>): Promise<void> {
  if (!zip.has(name)) return;
  await readXml(zip.pieces(name), {
    open: (element, attributes) => handler.open?.(element, attributes),
    close: (element) => handler.close?.(element),
    text: (text) => handler.text?.(text),
  });
}

/** The relationships of a part by their ids. */
export async function relationships(zip: Zip, part: string): Promise<Map<string, Relationship>> {
  const slash = part.lastIndexOf("/");
  const folder = part.slice(0, slash + 1);
  const found = new Map<string, Relationship>();
  await readPart(zip, `${folder}_rels/${part.slice(slash + 1)}.rels`, {
    open(name, attributes) {
      if (name !== "Relationship") return;
      const target = attributes.get("Target") ?? "";
      const isExternal = attributes.get("TargetMode") === "External";
      found.set(attributes.get("Id") ?? "", {
        type: (attributes.get("Type") ?? "").split("/").at(-1) ?? "",
        target: isExternal ? target : resolveIn(folder, target),
        isExternal,
      });
    },
  });
  return found;
}

/** The main part of an Office Open XML package, such as `word/document.xml`. */
export async function mainPart(zip: Zip, usual: string): Promise<string> {
  const root = await relationships(zip, "");
  const main = [...root.values()].find(({ type }) => type === "officeDocument")?.target;
  if (main !== undefined && zip.has(main)) return main;
  if (zip.has(usual)) return usual;
  throw new Unreadable(
    `it is damaged ("${usual}" is not inside)`,
    "Ask the person to open it in its program and to save it anew.",
  );
}

/** The name of a part that another one names, `..` resolved inside of the archive. */
export function resolveIn(folder: string, target: string): string {
  const path: string[] = [];
  const whole = target.startsWith("/") ? target : folder + target;
  for (const step of whole.split("/")) {
    if (step === "..") path.pop();
    else if (step !== "." && step !== "") path.push(step);
  }
  return path.join("/");
}

const PROPERTIES: ReadonlyMap<string, string> = new Map([
  ["title", "title"],
  ["creator", "author"],
  ["initial-creator", "author"],
  ["subject", "subject"],
  ["modified", "modified"],
  ["date", "modified"],
]);

/** Reads the properties of a document: Dublin Core elements in `part`. */
export async function readProperties(zip: Zip, part: string, sink: Sink): Promise<void> {
  let current: string | undefined;
  let value = "";
  await readPart(zip, part, {
    open(name) {
      current = PROPERTIES.get(name);
      value = "";
    },
    text: (text) => void (value += current === undefined ? "" : text),
    close(name) {
      if (current !== undefined && PROPERTIES.get(name) === current) sink.property(current, value);
      current = undefined;
    },
  });
}

/** Whether an on/off property is on (ECMA-376 part 1, 22.9.2.7): its presence alone says so. */
export function isOn(attributes: Attributes): boolean {
  const value = attributes.get("val");
  return value === undefined || !["0", "false", "off", "none"].includes(value);
}
