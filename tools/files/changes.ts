/**
 * Looking back: `list_changes` and `undo_change`.
 * @module
 */
import { z } from "zod";
import { describeChange } from "../../lib/changes.ts";
import { CHANGES_PAGE_DEFAULT, CHANGES_PAGE_MAX } from "../../lib/limits.ts";
import { fitLines, text } from "../../lib/reply.ts";
import { type AnyTool, defineTool } from "../../lib/tool.ts";

const listChanges = defineTool({
  name: "list_changes",
  title: "List changes",
  description:
    "Lists what was written, moved, copied, created or deleted, newest first, with the ids to undo it by.",
  effect: "read",
  world: "closed",
  input: {
    limit: z.int().min(1).max(CHANGES_PAGE_MAX).optional().describe(
      `Changes to return. Default ${CHANGES_PAGE_DEFAULT}`,
    ),
  },
  paths: [],
  async run({ limit = CHANGES_PAGE_DEFAULT }, ctx) {
    const changes = await ctx.files.changes.list(limit + 1);
    if (changes.length === 0) return text("Nothing was changed in the allowed folders");
    const lines = changes.slice(0, limit).map((change) => describeChange(change, ctx.timeZone));
    const shown = fitLines(lines);
    if (changes.length === shown.length) return text(shown.join("\n"));
    const more = shown.length < lines.length
      ? "More do not fit into one reply"
      : limit < CHANGES_PAGE_MAX
      ? `More: list_changes ${JSON.stringify({ limit: Math.min(CHANGES_PAGE_MAX, 4 * limit) })}`
      : 'Older ones: the person can run "clawhammer changes --limit N"';
    return text(shown.join("\n"), more);
  },
});

const undoChange = defineTool({
  name: "undo_change",
  title: "Undo a change",
  description: "Takes one change back, if nothing was changed there since; an undo can be undone, too.",
  effect: "change",
  world: "closed",
  input: { id: z.int().min(1).describe("Number of the change, from list_changes") },
  paths: [],
  async run({ id }, ctx) {
    const { did, id: undo } = await ctx.files.changes.undo(id, ctx.signal);
    return text(
      `Undid change ${id}: ${did}`,
      `To bring it back: undo_change ${JSON.stringify({ id: undo })}`,
    );
  },
});

/** The tools of this file. */
export const changeTools: readonly AnyTool[] = [listChanges, undoChange];
