/**
 * Moving, copying and deleting: `move_file`, `copy_file` and `delete_file`.
 * @module
 */
import { basename, join } from "node:path";
import { z } from "zod";
import { throwIfAborted, ToolError } from "../../lib/errors.ts";
import { counted, sizeText } from "../../lib/format.ts";
import type { Files, Info, Kind } from "../../lib/fs/types.ts";
import { isInside, show } from "../../lib/fs/roots.ts";
import { showName } from "../../lib/names.ts";
import { text } from "../../lib/reply.ts";
import { type AnyTool, defineTool } from "../../lib/tool.ts";
import { createdFolders, infoIfAny } from "./places.ts";

const moveFile = defineTool({
  name: "move_file",
  title: "Move or rename",
  description: "Moves or renames a file, folder or link. Never overwrites. Missing folders are created. " +
    "To keep the source: copy_file.",
  effect: "change",
  world: "closed",
  input: {
    source: z.string().describe("What to move"),
    destination: z.string().describe("Its new path, the name included"),
  },
  paths: ["source", "destination"],
  async run({ source, destination }, ctx) {
    return await ctx.files.exclusive([source, destination], async () => {
      throwIfAborted(ctx.signal);
      const { kind } = await checkDestination("move", source, destination, ctx.files);
      const { folders } = await ctx.files.move(source, destination, ctx.signal);
      return text(
        `Moved the ${nameOf(kind)} ${showName(source)} to ${showName(destination)}${createdFolders(folders)}`,
      );
    });
  },
});

const copyFile = defineTool({
  name: "copy_file",
  title: "Copy",
  description:
    "Copies a file, or a folder with everything in it. Never overwrites. Missing folders are created.",
  effect: "add",
  world: "closed",
  input: {
    source: z.string().describe("What to copy"),
    destination: z.string().describe("The path of the copy, its name included"),
  },
  paths: ["source", "destination"],
  async run({ source, destination }, ctx) {
    return await ctx.files.exclusive([source, destination], async () => {
      throwIfAborted(ctx.signal);
      const { kind } = await checkDestination("copy", source, destination, ctx.files);
      const { folders, ...tally } = await ctx.files.copy(source, destination, ctx.signal);
      return text(
        `Copied the ${nameOf(kind)} ${showName(source)} to ${showName(destination)}${amount(kind, tally)}${
          createdFolders(folders)
        }`,
      );
    });
  },
});

const deleteFile = defineTool({
  name: "delete_file",
  title: "Delete",
  description: "Deletes a file, a folder, or a link (not what it leads to). undo_change brings it back.",
  effect: "destroy",
  world: "closed",
  input: {
    path: z.string().describe("What to delete"),
    recursive: z.boolean().optional().describe(
      "Delete a folder with everything in it. Default: only an empty one",
    ),
  },
  paths: ["path"],
  async run({ path, recursive = false }, ctx) {
    return await ctx.files.exclusive([path], async () => {
      throwIfAborted(ctx.signal);
      const { kind } = await ctx.files.info(path);
      const tally = await ctx.files.remove(path, recursive, ctx.signal);
      return text(`Deleted the ${nameOf(kind)} ${showName(path)}${amount(kind, tally)}`);
    });
  },
});

/** The tools of this file. */
export const manageTools: readonly AnyTool[] = [moveFile, copyFile, deleteFile];

/**
 * Refuses what cannot be, before any folder is made for it: a destination that is the source or inside it, or
 * a folder that exists.
 * @returns what is known of the source.
 */
async function checkDestination(
  verb: "move" | "copy",
  source: string,
  destination: string,
  files: Files,
): Promise<Info> {
  const info = await files.info(source);
  if (source === destination) {
    throw new ToolError(
      `Cannot ${verb} "${show(source)}": source and destination are the same`,
      "Choose another destination.",
    );
  }
  if (files.roots.some((root) => root.real === source || root.given === source)) {
    throw new ToolError(
      `Cannot ${verb} "${show(source)}": it is an allowed folder itself`,
      "Name something inside it.",
    );
  }
  if (info.kind === "folder" && isInside(destination, source)) {
    throw new ToolError(
      `Cannot ${verb} "${show(source)}" into itself`,
      "Choose a destination outside of it.",
    );
  }
  const there = await infoIfAny(destination, files);
  // Where letter case does not count, a folder's new name can be found as that same folder.
  if (there?.kind !== "folder" || there.identity === info.identity) return info;
  throw new ToolError(
    `Cannot ${verb} "${show(source)}": the destination "${show(destination)}" is a folder that exists`,
    `To put it into that folder, set destination to "${show(join(destination, basename(source)))}".`,
  );
}

function nameOf(kind: Kind): string {
  return kind === "other" ? "pipe, socket or device" : kind;
}

/** How much there was, for the end of a sentence. */
function amount(kind: Kind, { entries, bytes }: { entries: number; bytes: number }): string {
  if (kind === "file") return ` (${sizeText(bytes)})`;
  if (kind !== "folder") return "";
  return entries === 1
    ? " (empty)"
    : ` with ${counted(entries - 1, "entry", "entries")} (${sizeText(bytes)})`;
}
