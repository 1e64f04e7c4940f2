/**
 * Serves the misbehaving module inside the test's own process: lines in, messages out.
 * @module
 */
import assert from "node:assert/strict";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { createServerFactory } from "../../lib/server.ts";
import { serveStdio } from "../../lib/transports/stdio.ts";
import type { Message } from "../client.ts";
import { SILENT, withSandbox } from "../support.ts";
import { rig } from "./module.ts";

/** Serves the rig over these streams. */
export async function serveRig(
  input: Readable,
  output: Writable,
  options: { drainMs?: number } = {},
): Promise<number> {
  let code: number | undefined;
  await withSandbox([rig], async ({ caller }) => {
    const factory = createServerFactory({
      caller,
      name: "rig",
      version: "0.0.0",
      instructions: "Be careful.",
      log: SILENT,
    });
    code = await serveStdio(factory, { log: SILENT, input, output, ...options });
  });
  return code ?? assert.fail("not served");
}

/** Serves these lines to their end. */
export async function serve(
  lines: readonly string[],
  options: { drainMs?: number } = {},
): Promise<{ code: number; messages: Message[] }> {
  const input = new PassThrough();
  const output = new PassThrough();
  let text = "";
  output.on("data", (chunk) => text += String(chunk));
  input.end(lines.map((line) => `${line}\n`).join(""));
  const code = await serveRig(input, output, options);
  return { code, messages: text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line)) };
}

/** The line of a tool call. */
export function call(id: number, name: string, args: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } });
}
