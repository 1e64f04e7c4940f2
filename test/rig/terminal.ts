/**
 * Runs a program on a terminal of its own and answers its questions. Needs python3, whose standard library
 * has pseudo terminals; where it is missing, there is no terminal to test on.
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** What is waited for in the output, and what is typed then. */
export type Line = readonly [question: string, answer: string];

/** What a program on a terminal has shown, and how it ended. */
export interface Shown {
  /** Without the codes that move the cursor. */
  readonly output: string;
  /** The exit code; -9 when a question did not come within 30 seconds. */
  readonly code: number;
}

const DRIVER = String.raw`
import json, os, pty, re, select, signal, sys, time
plan = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.chdir(plan["cwd"])
    os.execve(plan["command"][0], plan["command"], plan["env"])
lines, out, seen, until = plan["lines"], "", 0, time.time() + 30
while True:
    if not select.select([fd], [], [], max(0, until - time.time()))[0]:
        os.kill(pid, signal.SIGKILL)
        break
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    out += data.decode("utf-8", "replace")
    if lines and lines[0][0] in out[seen:]:
        seen = len(out)
        os.write(fd, lines.pop(0)[1].encode())
        until = time.time() + 30
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(json.dumps({"output": re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out), "code": code}))
`;

/** Runs a program on a terminal; undefined where python3 or its terminals are missing. */
export async function onTerminal(
  command: readonly string[],
  lines: readonly Line[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Shown | undefined> {
  const child = spawn("python3", ["-I", "-c", DRIVER, JSON.stringify({ command, lines, cwd, env })]);
  const gone = once(child, "close").catch(() => []);
  const [out] = await Promise.all([text(child.stdout), text(child.stderr), gone]);
  return child.exitCode === 0 ? JSON.parse(out) : undefined;
}
