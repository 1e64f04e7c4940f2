/**
 * Runs the command of a declared tool. It happens in a worker, which is ended with everything it started.
 * @module
 */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { errorText, ToolError } from "../errors.ts";
import type { Ran } from "./module.ts";

/** What the server sends. */
export interface CommandRequest {
  /** An absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  readonly folder?: string;
  readonly bytesMax: number;
}

/**
 * Runs it to its end, in the environment of this worker. No shell is involved, and there is nothing to read
 * for it.
 */
export async function runProgram(request: CommandRequest, signal: AbortSignal): Promise<Ran> {
  const { program, args, folder, bytesMax } = request;
  const output = { out: [] as Uint8Array[], err: [] as Uint8Array[] };
  const size = { out: 0, err: 0 };
  const keep = (stream: "out" | "err") => (chunk: Uint8Array) => {
    const room = bytesMax - size[stream];
    size[stream] += chunk.length;
    if (room > 0) output[stream].push(chunk.subarray(0, room));
  };
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    const stop = () => child.kill("SIGKILL");
    signal.addEventListener("abort", stop, { once: true });
    child.stdout.on("data", keep("out"));
    child.stderr.on("data", keep("err"));
    child.on("error", (error) => {
      reject(
        new ToolError(`Cannot run ${program}: ${errorText(error)}`, "Look at the folder and the program."),
      );
    });
    child.on("close", (status) => {
      signal.removeEventListener("abort", stop);
      resolve(status);
    });
  });
  const decode = (chunks: readonly Uint8Array[]) => Buffer.concat(chunks).toString("utf8");
  return { code, out: decode(output.out), err: decode(output.err), isCut: size.out > bytesMax };
}
