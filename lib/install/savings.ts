/**
 * What it saves to replace official servers. The figures were measured on Linux x64 in November 2026 with the
 * versions 2026.8.31: `npm exec`, a shell and Node are three processes of 58 to 66, 0.3 and 38 to 42 MB
 * (proportional set size); characters are those of `tools/list`. What was not measured is not counted.
 * @module
 */
import { tokensOf } from "../clients/proof.ts";
import { count, counted } from "../format.ts";
import type { Official, Recognised } from "./migrate.ts";
import type { Starter } from "./words.ts";

/** Characters of `tools/list`, where they are known. */
const CHARS: Readonly<Partial<Record<Official, number>>> = {
  filesystem: 12_973,
  memory: 10_750,
  "sequential-thinking": 4_640,
};

/** Processes a start leaves behind, and their memory in MB where it is known. */
const COSTS: Readonly<Record<Starter, { readonly processes: number; readonly mb?: number }>> = {
  npx: { processes: 3, mb: 100 },
  node: { processes: 1, mb: 40 },
  uvx: { processes: 2 },
  docker: { processes: 2 },
  python: { processes: 1 },
  itself: { processes: 1 },
};

/** What the server itself takes, as measured for the benchmarks, in MB. */
const OWN_MB = 60;

/** One sentence, or nothing when nothing is replaced. */
export function savingsOf(replaced: readonly Recognised[]): string {
  if (replaced.length === 0) return "";
  const sum = (of: (one: Recognised) => number | undefined) =>
    replaced.reduce((total, one) => total + (of(one) ?? 0), 0);
  const processes = sum(({ starter }) => COSTS[starter].processes);
  const mb = sum(({ starter }) => COSTS[starter].mb);
  const chars = sum(({ server }) => CHARS[server]);
  const known = replaced.every(({ server, starter }) => CHARS[server] && COSTS[starter].mb);
  const parts = [
    `about ${counted(processes, "process", "processes")}`,
    ...(mb === 0 ? [] : [`about ${count(mb)} MB of memory`]),
    ...(chars === 0 ? [] : [`about ${count(tokensOf(chars))} tokens of every conversation`]),
  ];
  return `${replaced.length === 1 ? "It takes" : "They take"} ${parts.join(", ")}${
    known ? "" : ", not counting what was never measured"
  }; Clawhammer is one process of about ${OWN_MB} MB (estimates, measured on Linux x64)`;
}
