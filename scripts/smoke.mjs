// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * Pipes JSON-RPC lines into an executable, as a script does, and checks every reply and the exit code. Needs
 * nothing but Node, so that it can follow a release to any system:
 *
 *   node scripts/smoke.mjs dist/clawhammer
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const REQUESTS = [
  {
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "smoke", version: "1" } },
  },
  { method: "notifications/initialized" },
  { id: 2, method: "tools/list" },
  { id: 3, method: "tools/call", params: { name: "read_file", arguments: { path: "a.txt" } } },
  { id: 4, method: "tools/call", params: { name: "search_text", arguments: { pattern: "hammer" } } },
  {
    id: 5,
    method: "tools/call",
    params: { name: "write_file", arguments: { path: "b.txt", content: "x\n" } },
  },
];

process.exitCode = main(process.argv[2]);

/** @param {string | undefined} executable */
function main(executable) {
  if (executable === undefined) {
    console.error("Usage: node scripts/smoke.mjs EXECUTABLE");
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "clawhammer-smoke-"));
  try {
    writeFileSync(join(folder, "a.txt"), "a claw and a hammer\n");
    const input = REQUESTS.map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`).join("");
    const { status, stdout, stderr, error } = spawnSync(executable, ["serve", "--allow", folder], {
      input,
      encoding: "utf8",
      timeout: 60_000,
    });
    // One that ends before it has read everything shows in its replies.
    const failed = error !== undefined && !("code" in error && error.code === "EPIPE");
    const faults = failed ? [error.message] : faultsOf(stdout);
    if (status !== 0) faults.push(`it ended with ${status}, not with 0`);
    for (const fault of faults) console.error(fault);
    if (faults.length > 0) console.error(stderr);
    else console.log(`${executable} answered ${REQUESTS.length - 1} requests and ended with 0`);
    return faults.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} stdout
 * @returns {string[]} what is wrong with the replies
 */
function faultsOf(stdout) {
  /** @type {string[]} */
  const faults = [];
  const replies = stdout.split("\n").filter((line) => line !== "").flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      faults.push(`standard output holds what is no message: ${line.slice(0, 200)}`);
      return [];
    }
  });
  for (const { id } of REQUESTS) {
    if (id === undefined) continue;
    const found = replies.filter((reply) => reply.id === id);
    const [reply] = found;
    if (found.length !== 1) faults.push(`request ${id} has ${found.length} replies`);
    else if (reply.result === undefined || reply.result.isError === true) {
      faults.push(`request ${id} failed: ${JSON.stringify(reply.result ?? reply.error)}`);
    }
  }
  const text = (/** @type {number} */ id) => JSON.stringify(replies.find((reply) => reply.id === id) ?? "");
  if (!text(3).includes("a claw and a hammer")) faults.push("read_file does not show the file");
  if (!text(4).includes("a.txt")) faults.push("search_text does not find the file");
  return faults;
}
