/**
 * What the process owes a host while it serves: it ends when told to, survives late errors, and keeps
 * standard output for the protocol.
 * @module
 */
import process from "node:process";
import { PARENT_CHECK_MS } from "../../limits.ts";
import type { Log } from "../../tool.ts";

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/**
 * Watches signals, the parent and stray errors.
 * @param stop Called with the reason as soon as the process has to end.
 * @returns a function that takes everything back.
 */
export function guardProcess(log: Log, stop: (reason: string) => void): () => void {
  const undo = [onSignals(stop), watchParent(stop), surviveErrors(log)];
  return () => undo.forEach((step) => step());
}

function onSignals(stop: (reason: string) => void): () => void {
  const handlers = SIGNALS.map((signal) => [signal, () => stop(`received ${signal}`)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

/**
 * A parent that dies without closing our input leaves an orphan; the process then belongs to another parent.
 * Windows keeps the old number, but closes the pipe.
 */
function watchParent(stop: (reason: string) => void): () => void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) stop(`parent process ${parent} is gone`);
  }, PARENT_CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** An error that one call throws after its reply must not end the calls of others. */
function surviveErrors(log: Log): () => void {
  const onError = (error: unknown) => {
    log.error(`Nobody caught: ${error instanceof Error ? error.stack ?? error.message : String(error)}`);
  };
  process.on("uncaughtException", onError);
  process.on("unhandledRejection", onError);
  return () => {
    process.off("uncaughtException", onError);
    process.off("unhandledRejection", onError);
  };
}

/**
 * Sends what libraries print to the log: one stray word on standard output breaks the protocol. Writers that
 * were bound to the stream before are not affected.
 * @returns a function that takes it back.
 */
export function reserveStandardOutput(log: Log): () => void {
  const note = (...words: unknown[]) => {
    const text = words.map(String).join(" ").trimEnd();
    if (text !== "") log.warn(`Printed by a library: ${text}`);
  };
  const printer = globalThis.console;
  const write = process.stdout.write;
  const methods = ["log", "info", "debug", "warn", "error", "trace", "dir", "table", "group"].map((
    name,
  ) => [name, note]);
  globalThis.console = Object.assign(Object.create(printer), Object.fromEntries(methods));
  process.stdout.write = (chunk: unknown, ...rest: unknown[]) => {
    note(chunk instanceof Uint8Array ? new TextDecoder().decode(chunk) : chunk);
    const done = rest.at(-1);
    if (typeof done === "function") queueMicrotask(() => done());
    return true;
  };
  return () => {
    globalThis.console = printer;
    process.stdout.write = write;
  };
}
