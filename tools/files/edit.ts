/**
 * Editing: `edit_file` replaces passages of a text file and leaves every other byte as it is.
 * @module
 */
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { fenced, unifiedDiff } from "../../lib/diff.ts";
import { asDrafted, closeDraft, countLineEnds, type Draft, openDraft, revise } from "../../lib/draft.ts";
import { throwIfAborted, ToolError } from "../../lib/errors.ts";
import { count, counted, sizeText } from "../../lib/format.ts";
import { show } from "../../lib/fs/roots.ts";
import type { OpenFile } from "../../lib/fs/types.ts";
import { EDIT_PLACES_MAX, EDITS_MAX, WHOLE_FILE_BYTES_MAX } from "../../lib/limits.ts";
import { readAt } from "../../lib/lines.ts";
import { occurrences } from "../../lib/match.ts";
import { sniff } from "../../lib/media.ts";
import { showName } from "../../lib/names.ts";
import { type Reply, text } from "../../lib/reply.ts";
import { decode, type Decoded, describeForm, encode, unencodable } from "../../lib/text.ts";
import { type AnyTool, type Context, defineTool } from "../../lib/tool.ts";
import { explainMiss } from "./miss.ts";

interface Edit {
  readonly oldText: string;
  readonly newText: string;
  readonly replaceAll?: boolean;
}

/** What the messages of an edit need: which file, and which of how many edits. */
interface Place {
  readonly path: string;
  readonly index: number;
  readonly edits: readonly Edit[];
  /** What else must be known when a text is not found. */
  readonly note?: string;
}

/** Line numbers that a refusal lists. */
const LINES_LISTED = 10;
/** Places that are counted before a refusal says "more than". */
const PLACES_COUNTED = 1_000;

const editFile = defineTool({
  name: "edit_file",
  title: "Edit a text file",
  description:
    "Replaces passages of a text file; answers with a diff. All edits are made, in order, or none. " +
    "Encoding, line endings and everything else stay as they are. Copy oldText from read_file (HTML: " +
    'as "text"). For a whole new content: write_file.',
  effect: "change",
  world: "closed",
  input: {
    path: z.string().describe("The file"),
    edits: z.array(z.strictObject({
      oldText: z.string().describe(
        "Text as it stands in the file, white space included; must occur once, so add neighbouring lines",
      ),
      newText: z.string().describe("What replaces it, literally"),
      replaceAll: z.boolean().optional().describe("Replace every occurrence"),
    })).min(1).max(EDITS_MAX).describe("Each applies to the result of the one before"),
    dryRun: z.boolean().optional().describe("Only show the diff, write nothing"),
  },
  paths: ["path"],
  async run({ path, edits, dryRun = false }, ctx) {
    return await ctx.files.exclusive([path], async () => {
      throwIfAborted(ctx.signal);
      const { bytes, identity } = await ctx.files.withFile(path, (file) => readWhole(file));
      const decoded = decodeExactly(path, bytes);
      refuseUnencodable(path, edits, decoded);
      const before = openDraft(decoded.text);
      const after = await applyAll(before, { path, edits, note: noteOn(path, bytes, ctx) }, ctx);
      const result = encodeResult(path, after, decoded);
      throwIfAborted(ctx.signal);
      if (!dryRun) await ctx.files.write(path, result, { replaces: identity });
      // The lines of the diff are those of the source.
      const as = ctx.documents.recognise(bytes, path) === undefined ? undefined : "text";
      return await answer({ path, as }, before, after, edits, dryRun);
    });
  },
});

/** The tools of this file. */
export const editTools: readonly AnyTool[] = [editFile];

async function readWhole(file: OpenFile): Promise<{ bytes: Uint8Array; identity: string }> {
  const { size, identity } = file.info;
  if (size > WHOLE_FILE_BYTES_MAX) {
    throw new ToolError(
      `Cannot edit "${show(file.path)}": it has ${sizeText(size)}, and an edit takes up to ${
        sizeText(WHOLE_FILE_BYTES_MAX)
      }`,
      "Nothing was written. Use search_text and read_file to look into it; ask the person to split it.",
    );
  }
  return { bytes: await readAt(file, Buffer.alloc(size), 0), identity };
}

/** The text of a file, certain to become the same bytes again. */
function decodeExactly(path: string, bytes: Uint8Array): Decoded {
  const decoded = decode(bytes);
  if (decoded === undefined) {
    throw new ToolError(
      `Cannot edit "${show(path)}": it is not text (${sniff(bytes)?.name ?? "binary data"})`,
      "Nothing was written. Only text files can be edited.",
    );
  }
  const again = encode(decoded.text, decoded);
  if (again === undefined || Buffer.compare(again, bytes) !== 0) {
    throw new ToolError(
      `Cannot edit "${show(path)}": its ${describeForm(decoded)} text cannot be written back unchanged`,
      "Nothing was written. Use write_file to replace the whole file.",
    );
  }
  return decoded;
}

/** Refuses new text the file cannot hold, naming the character. */
function refuseUnencodable(path: string, edits: readonly Edit[], form: Decoded): void {
  for (const [index, { newText }] of edits.entries()) {
    // Half of a surrogate pair is never meant, not even where UTF-16 could store it.
    const at = unencodable(newText, form.encoding) ?? unencodable(newText, "utf-8");
    if (at === undefined) continue;
    const code = newText.codePointAt(at) ?? 0;
    const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
    const isHalf = code >= 0xd800 && code <= 0xdfff;
    const what = isHalf ? `${name}, half of a character` : `"${String.fromCodePoint(code)}" (${name})`;
    throw new ToolError(
      `Cannot edit "${show(path)}": newText of ${nameOf({ path, index, edits })} has ${what} on line ${
        countLineEnds(newText, 0, at) + 1
      }, which ${describeForm(form)} cannot express`,
      isHalf
        ? "Nothing was written. Send whole characters."
        : "Nothing was written. Use other characters, or write_file to store the whole file as UTF-8.",
    );
  }
}

/** A document that is text is shown as Markdown, which is not what stands in the file. */
function noteOn(path: string, bytes: Uint8Array, { documents }: Context): string | undefined {
  const format = documents.recognise(bytes, path);
  if (format === undefined) return undefined;
  return `\nread_file shows this ${format.name} as Markdown. What stands in the file: read_file ${
    JSON.stringify({ path, as: "text" })
  }`;
}

/** The draft with all edits made. Other calls get their turn between two edits. */
async function applyAll(first: Draft, what: Omit<Place, "index">, ctx: Context): Promise<Draft> {
  let draft = first;
  for (const [index, edit] of what.edits.entries()) {
    if (index > 0) await setImmediate();
    throwIfAborted(ctx.signal);
    draft = apply(draft, first, edit, { ...what, index });
  }
  return draft;
}

function apply(draft: Draft, first: Draft, edit: Edit, place: Place): Draft {
  const oldText = asDrafted(edit.oldText, draft);
  const newText = asDrafted(edit.newText, draft);
  if (oldText === "") {
    throw new ToolError(
      `Cannot edit "${show(place.path)}": oldText of ${nameOf(place)} is empty`,
      "Nothing was written. To insert text, put the line beside it into oldText and repeat it in newText " +
        "together with the new text. To fill an empty file, use write_file.",
    );
  }
  if (oldText === newText) {
    const isEnding = edit.oldText !== edit.newText;
    throw new ToolError(
      `Cannot edit "${show(place.path)}": oldText and newText of ${nameOf(place)} are the same${
        isEnding ? " but for line endings, which an edit keeps" : ""
      }`,
      isEnding
        ? "Nothing was written. Use write_file to change the line endings of the whole file."
        : "Nothing was written. Leave this edit out, or send the text as it should become.",
    );
  }
  const starts: number[] = [];
  for (const start of occurrences(draft.text, oldText)) {
    const last = starts.at(-1);
    // Occurrences may overlap: only one of two such can be replaced, but neither is the only one.
    if (edit.replaceAll && last !== undefined && start < last + oldText.length) continue;
    starts.push(start);
    if (starts.length > (edit.replaceAll ? EDIT_PLACES_MAX : PLACES_COUNTED)) break;
  }
  if (starts.length === 0) {
    const earlier = place.index > 0 ? first.text : undefined;
    throw new ToolError(
      `Cannot edit "${show(place.path)}": oldText of ${nameOf(place)} is not in the file`,
      `${explainMiss({ text: draft.text, oldText, newText, earlier })}${
        place.note ?? ""
      }\nNothing was written.`,
    );
  }
  if (starts.length > 1 && !edit.replaceAll) throw ambiguous(draft, starts, place);
  refuseTooMuch(draft, starts.length, newText.length - oldText.length, place);
  return revise(draft, starts, oldText, newText);
}

function ambiguous(draft: Draft, starts: readonly number[], place: Place): ToolError {
  let line = 1;
  let scanned = 0;
  const lines = starts.slice(0, LINES_LISTED).map((start) => {
    line += countLineEnds(draft.text, scanned, start);
    scanned = start;
    return count(line);
  });
  const times = starts.length > PLACES_COUNTED
    ? `more than ${count(PLACES_COUNTED)} times`
    : `${count(starts.length)} times`;
  const rest = starts.length > lines.length ? ", …" : "";
  const shifted = draft.changes.length > 0 ? ", counted after the edits before it" : "";
  return new ToolError(
    `Cannot edit "${show(place.path)}": oldText of ${nameOf(place)} occurs ${times}`,
    `It starts on lines ${
      lines.join(", ")
    }${rest}${shifted}. Nothing was written. Add neighbouring lines to ` +
      "oldText until it means one place, or set replaceAll to true to replace all of them.",
  );
}

/** A short oldText and a long newText could fill any memory. */
function refuseTooMuch(draft: Draft, places: number, growth: number, place: Place): void {
  const size = draft.text.length + places * growth;
  if (places <= EDIT_PLACES_MAX && size <= WHOLE_FILE_BYTES_MAX) return;
  const much = places > EDIT_PLACES_MAX
    ? `replaces more than ${count(EDIT_PLACES_MAX)} places`
    : `makes the text ${count(size)} characters long, and ${count(WHOLE_FILE_BYTES_MAX)} is the most`;
  throw new ToolError(
    `Cannot edit "${show(place.path)}": ${nameOf(place)} ${much}`,
    "Nothing was written. Use a longer oldText that occurs less often, or a shorter newText.",
  );
}

function nameOf({ index, edits }: Place): string {
  return edits.length === 1 ? "the edit" : `edit ${index + 1} of ${edits.length}`;
}

/** The bytes of the result, certain to be read back as the text that was meant. */
function encodeResult(path: string, draft: Draft, form: Decoded): Uint8Array {
  const result = closeDraft(draft);
  const bytes = encode(result, form);
  if (bytes !== undefined && decode(bytes)?.text === result) return bytes;
  throw new ToolError(
    `Cannot edit "${show(path)}": with this newText, the file would not be read back as the same text`,
    "Nothing was written. Send newText without NUL and other control characters; to change the encoding, " +
      "store the whole file as UTF-8 with write_file.",
  );
}

async function answer(
  { path, as }: { readonly path: string; readonly as: string | undefined },
  before: Draft,
  after: Draft,
  edits: readonly Edit[],
  dryRun: boolean,
): Promise<Reply> {
  const lines = countLineEnds(after.text) - countLineEnds(before.text);
  const difference = lines === 0
    ? ""
    : `, ${counted(Math.abs(lines), "line")} ${lines > 0 ? "more" : "fewer"}`;
  const summary = `${dryRun ? "Would edit" : "Edited"} ${showName(path)}: ${
    counted(edits.length, "edit")
  } in ${counted(after.changes.length, "place")}${difference}${
    dryRun ? " (dry run: nothing was written)" : ""
  }`;
  const diff = await unifiedDiff(before.text, after.text, after.changes);
  if (diff.text === "") return text(`${summary}\nThe edits cancel each other out: the text is as it was.`);
  const body = `${summary}\n${fenced(diff.text, "diff")}`;
  if (diff.cutAt === undefined) return text(body);
  const next = dryRun
    ? "To see more, try fewer edits at a time."
    : `The rest: read_file ${JSON.stringify({ path, as, offset: diff.cutAt })}`;
  return text(body, `The diff is cut at line ${count(diff.cutAt)}. ${next}`);
}
