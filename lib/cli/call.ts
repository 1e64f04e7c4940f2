/**
 * `clawhammer call`: one call from the shell, through the same path as Claude's.
 * @module
 */
import { Buffer } from "node:buffer";
import { writeFile } from "node:fs/promises";
import { findByName } from "../aliases.ts";
import { createApp } from "../app.ts";
import { CancelledError, ToolError, UsageError } from "../errors.ts";
import { readArguments } from "./arguments.ts";
import type { CallResult, Content } from "../reply.ts";
import { wireTool } from "../wire.ts";
import type { Invocation } from "./command.ts";
import { complain, print } from "./output.ts";

/** Calls the tool named by the first operand. Resolves with 1 when it refuses or is cancelled. */
export async function call({ modules, line }: Invocation): Promise<number> {
  const [name, ...operands] = line.operands;
  if (name === undefined) {
    throw new UsageError('Which tool?\nWrite clawhammer call TOOL key=value; "clawhammer tools" lists them');
  }
  const { caller } = createApp(modules, line.config);
  await caller.refresh();
  const tool = findByName(caller.tools, name);
  const args = tool === undefined ? {} : readArguments(operands, wireTool(tool).inputSchema);
  const result = await cancellable((signal) => caller.call(name, args, { signal }));
  if (result === undefined) {
    await complain(`${name} was cancelled`);
    return 1;
  }
  if (result.isError) {
    await complain(textOf(result.content));
    return 1;
  }
  const out = line.flags.get("--out")?.[0];
  await (out === undefined ? print(result.content.map(show).join("\n")) : save(result, out));
  return 0;
}

/** Does the work until Ctrl-C, which resolves with undefined; a second Ctrl-C ends the process as always. */
async function cancellable(
  work: (signal: AbortSignal) => Promise<CallResult>,
): Promise<CallResult | undefined> {
  const cancel = new AbortController();
  const onInterrupt = () => cancel.abort();
  process.once("SIGINT", onInterrupt);
  try {
    return await work(cancel.signal);
  } catch (error) {
    if (error instanceof CancelledError) return undefined;
    throw error;
  } finally {
    process.removeListener("SIGINT", onInterrupt);
  }
}

/** Writes the first image or sound, or the text when there is none, and says so on standard error. */
async function save({ content }: CallResult, path: string): Promise<void> {
  const media = content.find((part) => part.type !== "text");
  const bytes = media === undefined ? Buffer.from(textOf(content)) : Buffer.from(media.data, "base64");
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw new ToolError(
      `Cannot write "${path}": ${error instanceof Error ? error.message : error}`,
      "Name another file",
    );
  }
  const others = content.filter((part) => part.type !== "text").length - 1;
  const rest = others > 0 ? `; ${others} more of the reply were not saved` : "";
  await complain(
    `wrote ${bytes.length.toLocaleString("en-US")} bytes (${media?.mimeType ?? "text"}) to ${path}${rest}`,
  );
}

function show(part: Content): string {
  if (part.type === "text") return part.text;
  const size = Buffer.byteLength(part.data, "base64").toLocaleString("en-US");
  return `[${part.mimeType} of ${size} bytes; --out FILE saves it]`;
}

function textOf(content: readonly Content[]): string {
  return content.flatMap((part) => part.type === "text" ? [part.text] : []).join("\n");
}
