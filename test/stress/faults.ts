/**
 * The fault loop: each file operation is repeated with its 1st, 2nd, … Nth system call of a kind failing (with an
 * error, or by the process being killed there), and the disk must afterwards hold the old or the new state, whole.
 * Needs strace. A run in which nothing was injected ends a loop; a loop that never injected counts as untested.
 * Writing itself is not injected into, because the runtime wakes its threads by the same call; there, the size of
 * files is limited instead.
 *
 *   bun test/stress/faults.ts
 * @module
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const OLD = "old ".repeat(50_000);
const NEW = "new ".repeat(50_000);
/** Calls of one kind that a loop tries at most; start-up of the runtime makes some of them too. */
const CALLS_MAX = 60;
const SCRIPT = fileURLToPath(new URL("./operate.ts", import.meta.url));

/** The system calls a fault is injected into, and the errors each can report. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  "fsync,fdatasync": ["EIO", "ENOSPC"],
  "rename,renameat,renameat2": ["EIO", "ENOSPC"],
  "link,linkat": ["EPERM", "EIO"],
  "unlink,unlinkat,rmdir": ["EIO"],
  "mkdir,mkdirat": ["ENOSPC"],
  "fchmod": ["EPERM"],
};

/** Bytes a file may have at most in the runs with a limit; the operations write 200,000. */
const SIZES: readonly number[] = [0, 512, 100_352, 199_680];

/** What must be true of the disk after each operation, whatever failed. Returns what is wrong. */
const INVARIANTS: Readonly<Record<string, (at: Places, reported: string) => string | undefined>> = {
  replace: (at, reported) => wholeFile(at.dir("file"), reported),
  create: (at, reported) =>
    !existsSync(at.dir("fresh/file"))
      ? reported === "ok" ? "reported ok" : undefined
      : isNew(at.dir("fresh/file")),
  move: (at) => oneOf(at.dir("file"), at.dir("moved")),
  "move-away": (at) => oneOf(at.dir("file"), at.elsewhere("moved")),
  "move-tree": (at) => oneTree(at.dir("tree"), at.elsewhere("tree")),
  copy: (at) =>
    !isTree(at.dir("tree"))
      ? "source damaged"
      : existsSync(at.dir("copied")) && !isTree(at.dir("copied"))
      ? "half a copy"
      : undefined,
};

interface Places {
  dir(name: string): string;
  elsewhere(name: string): string;
}

const tally = { faults: 0, wrong: 0, untested: [] as string[] };
for (const operation of Object.keys(INVARIANTS)) {
  for (const [calls, errors] of Object.entries(CALLS)) {
    for (const fault of [...errors.map((error) => `error=${error}`), "signal=KILL"]) {
      inject(operation, calls, fault);
    }
  }
  if (operation !== "move") limitSize(operation);
}
process.stdout.write(`Nothing to inject into: ${tally.untested.join("; ")}\n`);
process.stdout.write(`${tally.faults - tally.wrong} passed, ${tally.wrong} failed\n`);
process.exitCode = tally.wrong === 0 && tally.faults > 100 ? 0 : 1;

/** Fails the 1st, 2nd, … call until a run passes without meeting its fault. */
function inject(operation: string, calls: string, fault: string): void {
  const trace = join(mkdtempSync(join(tmpdir(), "clawhammer-trace-")), "log");
  const killed = () => readFileSync(trace, "utf8").includes("killed by SIGKILL");
  // Neither a killed process cleans up, nor one whose unlink fails.
  const mayLitter = () => killed() || /unlink|rmdir/.test(calls);
  for (let nth = 1; nth <= CALLS_MAX; nth++) {
    const rule = ["-e", `trace=${calls}`, "-e", `inject=${calls}:${fault}:when=${nth}`];
    const outcome = run(operation, ["strace", "-f", "--seccomp-bpf", "-qq", "-o", trace, ...rule], mayLitter);
    const met = killed() || readFileSync(trace, "utf8").includes("(INJECTED)");
    if (met) note(operation, `${calls} ${fault} call ${nth}`, outcome);
    else if (nth === 1) tally.untested.push(`${operation} ${calls} ${fault}`);
    if (!met) break;
  }
  rmSync(dirname(trace), { recursive: true, force: true });
}

/** Runs the operation where files may not grow beyond a size: with the error, and with the signal that kills. */
function limitSize(operation: string): void {
  for (const size of SIZES) {
    for (const trap of ["trap '' XFSZ;", ""]) {
      const limited = ["sh", "-c", `${trap} ulimit -f ${size / 512}; exec "$@"`, "sh"];
      const outcome = run(operation, limited, () => trap === "");
      const wrong = outcome.reported === "ok" ? "reported ok" : outcome.wrong;
      note(operation, `limit of ${size} bytes${trap === "" ? ", killed" : ""}`, { ...outcome, wrong });
    }
  }
}

function note(operation: string, fault: string, outcome: Outcome): void {
  tally.faults++;
  if (outcome.wrong === undefined) return;
  tally.wrong++;
  process.stdout.write(`WRONG ${operation}, ${fault}: ${outcome.wrong} (${outcome.reported})\n`);
}

interface Outcome {
  readonly wrong: string | undefined;
  readonly reported: string;
}

/** Runs one operation behind `prefix` on fresh folders. `mayLitter`: whether it could not clean up after itself. */
function run(operation: string, prefix: readonly string[], mayLitter: () => boolean): Outcome {
  const base = mkdtempSync(join(tmpdir(), "clawhammer-fault-"));
  const other = mkdtempSync("/dev/shm/clawhammer-fault-");
  try {
    const at: Places = { dir: (name) => join(base, name), elsewhere: (name) => join(other, name) };
    mkdirSync(at.dir("tree/inner"), { recursive: true });
    for (const name of ["file", "tree/a", "tree/inner/b"]) writeFileSync(at.dir(name), OLD);
    const [command = "", ...args] = [...prefix, process.execPath, SCRIPT, operation, base, other];
    const result = spawnSync(command, args, { encoding: "utf8", timeout: 20_000, killSignal: "SIGKILL" });
    const left = readdirSync(base).concat(readdirSync(other)).filter((name) =>
      name.startsWith(".clawhammer-")
    );
    const litter = left.length > 0 && !mayLitter() ? `left ${left.join(", ")}` : undefined;
    const reported = result.stdout.trim();
    return { wrong: INVARIANTS[operation]?.(at, reported) ?? litter, reported };
  } finally {
    rmSync(base, { recursive: true, force: true });
    rmSync(other, { recursive: true, force: true });
  }
}

function wholeFile(path: string, reported: string): string | undefined {
  const content = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  if (content === NEW) return undefined;
  if (content !== OLD) return `torn: ${content?.length} characters`;
  return reported === "ok" ? "reported ok, but the old content stands" : undefined;
}

function isNew(path: string): string | undefined {
  return readFileSync(path, "utf8") === NEW ? undefined : "torn";
}

function oneOf(from: string, to: string): string | undefined {
  const whole = [from, to].filter((path) => existsSync(path) && readFileSync(path, "utf8") === OLD);
  if (whole.length === 0) return "lost";
  return existsSync(to) && readFileSync(to, "utf8") !== OLD ? "torn at the destination" : undefined;
}

function oneTree(from: string, to: string): string | undefined {
  if (!isTree(from) && !isTree(to)) return "lost";
  return existsSync(to) && !isTree(to) ? "half a tree at the destination" : undefined;
}

function isTree(path: string): boolean {
  return ["a", "inner/b"].every((name) =>
    existsSync(join(path, name)) && readFileSync(join(path, name), "utf8") === OLD
  );
}
