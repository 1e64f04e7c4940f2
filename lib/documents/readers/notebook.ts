/**
 * Jupyter notebooks (nbformat 4, and 3 before it): their cells with what they printed.
 * @module
 */
import { Buffer } from "node:buffer";
import { fenced } from "../../diff.ts";
import { sizeText } from "../../format.ts";
import type { Sink } from "../sink.ts";
import { Unreadable } from "../unreadable.ts";

/** Characters of one output that are shown: progress bars and tables of data have no end. */
const OUTPUT_CHARS_MAX = 20_000;

/** Reads a notebook. */
export async function readNotebook(bytes: Uint8Array, sink: Sink): Promise<void> {
  sink.unit = "cell";
  const notebook = record(parse(bytes));
  const sheets = list(notebook.worksheets).map(record);
  const cells = [...list(notebook.cells), ...sheets.flatMap((sheet) => list(sheet.cells))].map(record);
  const metadata = record(notebook.metadata);
  const language = text(record(metadata.language_info).name) || text(record(metadata.kernelspec).language);
  sink.total = cells.length;
  sink.property("language", language);
  for (const [index, cell] of cells.entries()) {
    const type = text(cell.cell_type) || "unknown";
    const number = cell.execution_count ?? cell.prompt_number;
    const ran = typeof number === "number" ? `, run ${number}` : "";
    if (!sink.part(`Cell ${index + 1} (${type}${ran})`)) continue;
    const source = text(cell.source ?? cell.input);
    if (type === "code") sink.line(fenced(source.replace(/\n$/, ""), language));
    else sink.line(source);
    for (const output of list(cell.outputs)) writeOutput(record(output), sink);
    await sink.drain();
  }
}

function writeOutput(output: Record<string, unknown>, sink: Sink): void {
  const type = text(output.output_type);
  const data = { ...output, ...record(output.data) };
  sink.blank();
  if (type === "error" || type === "pyerr") {
    sink.line("Error:");
    sink.line(fenced(cut(list(output.traceback).map(text).join("\n") || text(output.evalue))));
    return;
  }
  for (const [mimeType, value] of Object.entries(data)) {
    if (/^(image\/|png$|jpeg$)/.test(mimeType)) {
      const size = text(value).length * 3 / 4;
      sink.line(`[${mimeType.replace(/^image\//, "")} image, ${sizeText(Math.round(size))}]`);
    }
  }
  const shown = text(output.text) || text(data["text/markdown"]) || text(data["text/plain"]) ||
    text(data["text"]);
  if (shown.trim() === "") return;
  sink.line(
    text(output.name) === "stderr" || text(output.stream) === "stderr" ? "Output (stderr):" : "Output:",
  );
  sink.line(fenced(cut(shown)));
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8").replace(/^\ufeff/, ""));
  } catch {
    throw new Unreadable("it is called a notebook but is no JSON", 'Read it as plain text with as "text".');
  }
}

/** Colours of a terminal are no text. */
function cut(output: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what is removed
  const plain = output.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "").trimEnd();
  return plain.length <= OUTPUT_CHARS_MAX
    ? plain
    : `${plain.slice(0, OUTPUT_CHARS_MAX)}\n[+${plain.length - OUTPUT_CHARS_MAX} characters]`;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown> // An object of JSON has nothing but such keys.
    : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text, which may be stored as a list of lines. */
function text(value: unknown): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.filter((line) => typeof line === "string").join("") : "";
}
