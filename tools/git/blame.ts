/**
 * Who last changed each line of a file.
 * @module
 */
import { ToolError } from "../../lib/errors.ts";
import { createLineReader } from "../../lib/git/lines.ts";
import { GIT_BLAME_DEFAULT, GIT_BLAME_MAX, LINE_CHARS_MAX, REPLY_CHARS_MAX } from "../../lib/limits.ts";
import { clip, type Reply, text } from "../../lib/reply.ts";
import type { Context } from "../../lib/tool.ts";
import { visible } from "../../lib/visible.ts";
import { objectAt, type Place, titleOf } from "./object.ts";
import { next, timeText } from "./shown.ts";

/** Characters shown of a line. */
const LINE_CHARS = 240;

interface Origin {
  author: string;
  at: Date;
  subject: string;
}

/** A line and the commit it came from. */
interface Line {
  readonly hash: string;
  readonly number: number;
  readonly content: string;
}

/** The lines under the commit each came from; a commit is named once for the lines that follow each other. */
export async function blame(
  place: Place,
  { offset = 1, limit = GIT_BLAME_DEFAULT }: { readonly offset?: number; readonly limit?: number },
  ctx: Context,
): Promise<Reply> {
  const count = Number.isFinite(limit) ? Math.min(limit, GIT_BLAME_MAX) : GIT_BLAME_DEFAULT;
  const { type } = await objectAt(place);
  if (type !== "blob") throw new ToolError(`Cannot blame ${titleOf(place)}: it is no file`, "Name a file.");
  // One line more than is shown tells whether there are more.
  const { lines, origins } = await readBlame(place, offset, count + 1);
  const rows: string[] = [];
  let chars = 0;
  let last = "";
  let shown = 0;
  for (const line of lines.slice(0, count)) {
    const origin = origins.get(line.hash);
    const title = line.hash === last || origin === undefined
      ? []
      : [`${line.hash.slice(0, 10)} ${timeText(origin.at, ctx)} ${origin.author}: ${origin.subject}`];
    const content = clip(visible(line.content.replace(/\r$/, "")), LINE_CHARS);
    const added = [...title, `${String(line.number).padStart(6)}  ${content}`];
    chars += added.reduce((sum, one) => sum + one.length + 1, 0);
    if (chars > REPLY_CHARS_MAX - 2_000 && shown > 0) break;
    rows.push(...added);
    last = line.hash;
    shown++;
  }
  const more = lines.length > shown ? `More: ${next("git_show", place.asked, offset + shown)}` : undefined;
  return text(
    [`${titleOf(place)}, lines ${offset}-${offset + shown - 1} by commit:`, ...rows].join("\n"),
    more,
  );
}

/** Understands `git blame --porcelain`: a commit is described where it comes first. */
async function readBlame(place: Place, offset: number, count: number) {
  const { repository, hash, path } = place;
  const origins = new Map<string, Origin>();
  const lines: Line[] = [];
  let current = { hash: "", number: 0 };
  const reader = createLineReader(4 * LINE_CHARS_MAX, (line) => {
    const [, from, number] = /^([0-9a-f]{40,64}) \d+ (\d+)/.exec(line) ?? [];
    const origin = origins.get(current.hash);
    if (line.startsWith("\t")) lines.push({ ...current, content: line.slice(1) });
    else if (from !== undefined) {
      current = { hash: from, number: Number(number) };
      if (!origins.has(from)) origins.set(from, { author: "", at: new Date(NaN), subject: "" });
    } else if (origin !== undefined) takeField(origin, line);
    return true;
  });
  const { status, stderr } = await repository.run({
    name: "blame",
    options: ["--porcelain", `-L${offset},+${count}`],
    revisions: [hash],
    paths: [path],
    okStatus: [0, 128],
    take: (chunk) => reader.take(chunk),
  });
  reader.end();
  if (status !== 128 || lines.length > 0) return { lines, origins };
  const [, has] = /has only (\d+) line/.exec(stderr) ?? [];
  throw has === undefined
    ? new ToolError(
      `Cannot blame ${titleOf(place)}: ${visible(stderr.trim())}`,
      "git_log tells of this path.",
    )
    : new ToolError(`${titleOf(place)} has only ${has} lines, no line ${offset}`, "Use a smaller offset.");
}

function takeField(origin: Origin, line: string): void {
  const at = line.indexOf(" ");
  const value = line.slice(at + 1);
  switch (line.slice(0, at)) {
    case "author":
      origin.author = clip(visible(value), 100);
      break;
    case "author-time":
      origin.at = new Date(Number(value) * 1_000);
      break;
    case "summary":
      origin.subject = clip(visible(value), 100);
  }
}
