/**
 * Numbers and how they are shown: medians, percentiles, Markdown tables.
 * @module
 */
import { cpus, release, totalmem } from "node:os";

/** The value below which the share `p` (0 to 1) of the values lies: the nearest rank. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? NaN;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** A Markdown table. Columns after the first are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A number with so many digits after the point; "–" when it could not be measured. */
export function number(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return "–";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A target, what was measured, and whether that meets it. */
export function verdict(
  what: string,
  measured: number,
  comparison: "at most" | "at least",
  bound: number,
): readonly string[] {
  const met = comparison === "at most" ? measured <= bound : measured >= bound;
  return [what, `${comparison} ${bound} ×`, `${number(measured, 2)} ×`, met ? "met" : "missed"];
}

/** The machine, in one line. */
export function machine(): string {
  const processors = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return `${process.platform} ${process.arch} ${release()}, ${processors.length} × ${
    processors[0]?.model.trim()
  }, ` +
    `${memory} GiB, ${new Date().toISOString().slice(0, 10)}`;
}
