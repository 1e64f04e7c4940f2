/**
 * Serves over standard input and output, from the first line to the exit code.
 * @module
 */
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import type { McpRequestContext, Server } from "@modelcontextprotocol/server";
import { serveStdio as serveTransport } from "@modelcontextprotocol/server/stdio";
import { errorCode } from "../errors.ts";
import { DRAIN_MS_MAX } from "../limits.ts";
import type { Log } from "../tool.ts";
import { guardProcess, reserveStandardOutput } from "./stdio/guard.ts";
import { StdioTransport, type Taker } from "./stdio/transport.ts";
import { LineWriter } from "./stdio/writer.ts";

/** What is served, and over which streams: those of the process unless a test gives others. */
export interface StdioOptions {
  readonly log: Log;
  readonly input?: Readable;
  readonly output?: Writable;
  /** Milliseconds granted to answer requests already read when the input ends; DRAIN_MS_MAX unless given. */
  readonly drainMs?: number;
}

/** Makes the server of a connection; it may take requests the short way. */
export type ServerFactory = (ctx: McpRequestContext) => Server & Partial<Taker>;

/**
 * Serves one client until its input ends, its output is closed, a signal arrives or the parent process is
 * gone.
 *
 * At the end of input every request already read is answered, and every reply has left the process. In all
 * other cases the calls in flight are aborted at once, which also ends their child processes.
 *
 * @returns the exit code: 0 when all is well, also when a signal or the host ended it, because a server has
 * no other way to end; 1 when a reply is missing. The caller ends the process with it.
 */
export async function serveStdio(factory: ServerFactory, options: StdioOptions): Promise<number> {
  const { log, input = process.stdin, output = process.stdout, drainMs = DRAIN_MS_MAX } = options;
  const stopped = Promise.withResolvers<number>();
  let draining = false;
  const writer = new LineWriter(output);
  const transport = new StdioTransport(input, writer, log);
  const unreserve = output === process.stdout ? reserveStandardOutput(log) : () => {};
  const unguard = guardProcess(log, (reason) => {
    // A script may start us and go (`printf … | clawhammer &`): what it asked for is still answered.
    if (draining && reason.startsWith("parent")) return;
    log.info(`Stopping: ${reason}`);
    stopped.resolve(0);
  });
  const pinned = (ctx: McpRequestContext) => {
    const server = factory(ctx);
    transport.taker = (...message) => server.take?.(...message) === true;
    return server;
  };
  const onerror = (error: Error) => log.debug(`protocol: ${error.message}`);
  const handle = serveTransport(pinned, { transport, onerror });
  const finish = async (): Promise<number> => {
    await transport.ended;
    draining = true;
    const missing = await transport.drain(drainMs);
    await handle.close();
    await writer.flushed();
    log.info(`Stopping: end of input${missing === 0 ? "" : `, unanswered requests: ${missing}`}`);
    return missing === 0 ? 0 : 1;
  };
  const brokenOutput = async (): Promise<number> => {
    const error = await writer.failed;
    log.info(`Stopping: standard output is closed (${errorCode(error) ?? error.message})`);
    return errorCode(error) === "EPIPE" ? 0 : 1;
  };
  const closedByProtocol = async (): Promise<number> => {
    await transport.closed;
    return draining ? await finished : 1;
  };
  const finished = finish();
  const code = await Promise.race([stopped.promise, finished, brokenOutput(), closedByProtocol()]);
  transport.abort();
  unguard();
  unreserve();
  writer.release();
  return code;
}
