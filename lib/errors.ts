/**
 * Errors as instructions: what happened, then what to do next.
 * @module
 */

/**
 * An error the model (or the person) can act on. Anything else that is thrown is our bug and is
 * reported as one.
 */
export class ToolError extends Error {
  /** What to do next, as a sentence with real candidates: names, numbers, tools. */
  readonly next: string;

  /**
   * @param what What happened, naming the thing: `Cannot read "src/mian.ts": no such file`.
   * @param next What to do next: `Nearest: src/main.ts. Use find_files to search.`
   */
  constructor(what: string, next: string) {
    super(what);
    this.name = "ToolError";
    this.next = next;
  }
}

/** A call was cancelled by the client. The call path answers nothing. */
export class CancelledError extends Error {
  constructor() {
    super("The call was cancelled");
    this.name = "CancelledError";
  }
}

/**
 * The name in a `tools/call`, `prompts/get` or `resources/read` is not one of ours: JSON-RPC error -32602.
 */
export class UnknownNameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnknownNameError";
  }
}

/** Wrong usage of the command line or a wrong configuration. The command line prints it and exits with 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** The text of an error for a model or a person: both sentences of a {@link ToolError}, else the message. */
export function errorText(error: unknown): string {
  if (error instanceof ToolError) return `${error.message}\n${error.next}`;
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node.js system error such as `ENOENT`, or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Ends work that nobody waits for any more. @throws {CancelledError} when the signal is aborted. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw signal.reason instanceof ToolError ? signal.reason : new CancelledError();
}

/** Settles as the work does, or rejects as soon as the signal is aborted, whatever the work still does. */
export function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    work().then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
