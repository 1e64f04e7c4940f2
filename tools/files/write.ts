/**
 * Writing: `write_file` and `create_directory`.
 * @module
 */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { throwIfAborted, ToolError } from "../../lib/errors.ts";
import { count, counted, sizeText } from "../../lib/format.ts";
import { show } from "../../lib/fs/roots.ts";
import type { Files, Kind } from "../../lib/fs/types.ts";
import { WHOLE_FILE_BYTES_MAX, WRITE_BYTES_MAX } from "../../lib/limits.ts";
import { readAt, splitLines } from "../../lib/lines.ts";
import { sniff, SNIFF_BYTES } from "../../lib/media.ts";
import { showName } from "../../lib/names.ts";
import { text } from "../../lib/reply.ts";
import {
  decode,
  type Decoded,
  describeForm,
  describeLineEnding,
  detect,
  encode,
  type Form,
  lineEnding,
  unencodable,
} from "../../lib/text.ts";
import { type AnyTool, defineTool } from "../../lib/tool.ts";
import { createdFolders, infoIfAny } from "./places.ts";

/** A file that is about to be replaced. */
interface Existing {
  readonly identity: string;
  readonly size: number;
  /** How it is stored; undefined when it is not text. */
  readonly form?: Form;
  /** Its text, unless it is too large to be read for this. */
  readonly decoded?: Decoded;
  /** What it is when it is not text. */
  readonly type: string;
}

const PLAIN: Form = { encoding: "utf-8", bom: false };

const writeFile = defineTool({
  name: "write_file",
  title: "Write a file",
  description:
    "Creates a text file, or replaces all of it, with exactly this content as UTF-8. Missing folders are " +
    "created. To change parts of a file: edit_file.",
  effect: "change",
  world: "closed",
  input: {
    path: z.string().describe("The file"),
    content: z.string().describe("The whole new content"),
    replaceBinary: z.boolean().optional().describe("Also replace what is not text"),
  },
  paths: ["path"],
  async run({ path, content, replaceBinary = false }, ctx) {
    const bytes = encodeContent(path, content);
    return await ctx.files.exclusive([path], async () => {
      throwIfAborted(ctx.signal);
      const info = await infoIfAny(path, ctx.files);
      const isFile = info?.kind === "file" || info?.kind === "link";
      const existing = isFile ? await look(path, info.kind, ctx.files) : undefined;
      if (existing !== undefined && !replaceBinary) refuseBinary(path, existing);
      const { folders } = await ctx.files.write(path, bytes, {
        createOnly: info === undefined,
        replaces: existing?.identity,
      });
      const size = `${counted(splitLines(content).length, "line")}, ${sizeText(bytes.length)}`;
      if (existing === undefined) return text(`Created ${showName(path)}: ${size}${createdFolders(folders)}`);
      const before = existing.decoded === undefined
        ? ""
        : `${counted(splitLines(existing.decoded.text).length, "line")}, `;
      return text(
        [
          `Replaced ${showName(path)}: now ${size}; before ${before}${sizeText(existing.size)}`,
          ...changedStyle(existing, content),
        ].join("\n"),
      );
    });
  },
});

const createDirectory = defineTool({
  name: "create_directory",
  title: "Create a folder",
  description: "Creates a folder and its missing parents. One that exists stays as it is.",
  effect: "add",
  world: "closed",
  input: { path: z.string().describe("The folder") },
  paths: ["path"],
  async run({ path }, ctx) {
    const created = await ctx.files.createFolder(path);
    if (created.length === 0) return text(`${showName(path)} exists already`);
    const above = created.slice(0, -1);
    return text(`Created the folder ${showName(path)}${above.length === 0 ? "" : createdFolders(above)}`);
  },
});

/** The tools of this file. */
export const writeTools: readonly AnyTool[] = [writeFile, createDirectory];

function encodeContent(path: string, content: string): Uint8Array {
  const bytes = encode(content, PLAIN);
  if (bytes === undefined) {
    const at = unencodable(content, "utf-8") ?? 0;
    const line = splitLines(content.slice(0, at)).length;
    throw new ToolError(
      `Cannot write "${show(path)}": content has half of a character (U+${
        content.charCodeAt(at).toString(16).toUpperCase()
      }) on line ${Math.max(1, line)}`,
      "Nothing was written. Send whole characters.",
    );
  }
  if (bytes.length <= WRITE_BYTES_MAX) return bytes;
  throw new ToolError(
    `Cannot write "${show(path)}": content has ${count(bytes.length)} bytes, and one call takes ${
      count(WRITE_BYTES_MAX)
    }`,
    "Nothing was written. Write the beginning with write_file and add the rest with edit_file.",
  );
}

/** What is in a file now; undefined when it cannot be said, because a link leads to nothing or outside. */
async function look(path: string, kind: Kind, files: Files): Promise<Existing | undefined> {
  try {
    return await files.withFile(path, async (file): Promise<Existing> => {
      const { identity, size } = file.info;
      const isSmall = size <= WHOLE_FILE_BYTES_MAX;
      const bytes = await readAt(file, Buffer.alloc(isSmall ? size : SNIFF_BYTES), 0);
      return {
        identity,
        size,
        form: detect(bytes, !isSmall),
        decoded: isSmall ? decode(bytes) : undefined,
        type: sniff(bytes)?.name ?? "binary data",
      };
    });
  } catch (error) {
    if (kind === "link" && error instanceof ToolError) return undefined;
    throw error;
  }
}

function refuseBinary(path: string, { size, form, type }: Existing): void {
  if (form !== undefined) return;
  throw new ToolError(
    `Cannot write "${show(path)}": it is not text (${type}, ${sizeText(size)}) and would be lost`,
    "Nothing was written. Choose another name, or set replaceBinary if it should go.",
  );
}

/** What about the file is different now besides its text, because programs may depend on it. */
function changedStyle({ size, form = PLAIN, decoded }: Existing, content: string): string[] {
  if (size === 0) return [];
  const notes: string[] = [];
  const bom = content.startsWith("\ufeff");
  if (form.encoding !== "utf-8" || form.bom !== bom) {
    notes.push(`It was ${describeForm(form)} and is now ${describeForm({ encoding: "utf-8", bom })}.`);
  }
  const before = lineEnding(decoded?.text ?? "");
  const after = lineEnding(content);
  if (before !== "none" && after !== "none" && before !== after) {
    notes.push(
      `Its line endings were ${describeLineEnding(before)} and are now ${describeLineEnding(after)}.`,
    );
  }
  return notes.length === 0
    ? []
    : [...notes, "If that is not meant: edit_file keeps both when it changes parts."];
}
