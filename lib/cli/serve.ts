/**
 * `clawhammer serve`: the server over standard input and output.
 * @module
 */
import { createApp } from "../app.ts";
import { UsageError } from "../errors.ts";
import { createServerFactory } from "../server.ts";
import { serveStdio } from "../transports/stdio.ts";
import { name, version } from "../version.ts";
import type { Invocation } from "./command.ts";
import { complain } from "./output.ts";

/** Serves until the client is gone. */
export async function serve({ modules, line }: Invocation): Promise<number> {
  const [operand] = line.operands;
  if (operand !== undefined) {
    throw new UsageError(
      `Unexpected "${operand}"\nA command comes before its flags, and --allow before each folder`,
    );
  }
  const { caller, log, instructions, followRoots } = createApp(modules, line.config);
  if (process.stdin.isTTY) {
    await complain(
      "serving: waiting for a client to speak on this terminal; Ctrl-C ends. To try a tool: clawhammer call",
    );
  }
  const factory = createServerFactory({ caller, name, version, instructions, log, followRoots });
  return await serveStdio(factory, { log });
}
