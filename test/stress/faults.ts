/**
 * The fault loop: each operation is repeated with its 1st, 2nd, … Nth system call of a kind failing (with an
 * error, or by the process being killed there), with changes recorded and without. Afterwards the disk must
 * hold the old or the new state, whole; and where changes are recorded, undoing what the journal holds must
 * give back the old, with nothing left over.
 *
 * Needs strace. A run in which nothing was injected ends a loop; what never met its fault counts as untested
 * and is listed. write(2) is not injected into, because the runtime wakes its threads by the same call;
 * there, the size of files is limited instead.
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { INVARIANTS, leftovers, OLD, type Places, treesOf } from "./invariants.ts";
import { createTally, note, say, type Tally } from "./tally.ts";

/** Calls of one kind that a loop tries at most; start-up of the runtime makes some of them too. */
const CALLS_MAX = 80;
const SCRIPT = fileURLToPath(new URL("./operate.ts", import.meta.url));

/** The system calls a fault is injected into, and the errors each can report. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  "fsync,fdatasync": ["EIO", "ENOSPC"],
  "rename,renameat,renameat2": ["EIO", "ENOSPC"],
  "link,linkat": ["EPERM", "EIO"],
  "unlink,unlinkat,rmdir": ["EIO"],
  "mkdir,mkdirat": ["ENOSPC"],
  "fchmod": ["EPERM"],
  // SQLite's own reading and writing, and reading what a change will destroy.
  "pwrite64": ["ENOSPC", "EIO"],
  "pread64": ["EIO"],
  "ftruncate": ["EIO"],
};

/** Bytes a file may have at most in the runs with a limit; the operations write 200,000. */
const SIZES: readonly number[] = [0, 512, 100_352, 199_680];

/** What one run came to. */
interface Run {
  readonly fault: string | undefined;
  readonly reported: string;
}

/** Runs every loop. Slow: some minutes. */
export async function injectFaults(): Promise<Tally> {
  const tally = createTally();
  if (spawnSync("strace", ["--version"]).status !== 0) {
    note(tally, "faults", 'strace is not installed; on Debian and Ubuntu "apt install strace" does that');
    return tally;
  }
  for (const journal of [false, true]) {
    const untested: string[] = [];
    const loops: (() => Promise<void>)[] = [];
    for (const operation of Object.keys(INVARIANTS)) {
      loops.push(() => limitSize(operation, journal, tally));
      for (const [calls, errors] of Object.entries(CALLS)) {
        for (const fault of [...errors.map((error) => `error=${error}`), "signal=KILL"]) {
          loops.push(async () => {
            if (!await inject(operation, calls, fault, journal, tally)) {
              untested.push(`${operation} ${calls}`);
            }
          });
        }
      }
    }
    await Promise.all(Array.from({ length: availableParallelism() }, async () => {
      for (let loop = loops.shift(); loop !== undefined; loop = loops.shift()) await loop();
    }));
    const recorded = journal ? "recorded" : "not recorded";
    say(`Changes ${recorded}: nothing to inject into for ${[...new Set(untested)].sort().join("; ")}`);
  }
  return tally;
}

/** Fails the 1st, 2nd, … call until a run passes without meeting its fault. @returns whether any met it. */
async function inject(
  operation: string,
  calls: string,
  fault: string,
  journal: boolean,
  tally: Tally,
): Promise<boolean> {
  const trace = join(mkdtempSync(join(tmpdir(), "clawhammer-trace-")), "log");
  const log = () => readFileSync(trace, "utf8");
  // Neither a killed process cleans up, nor one whose unlink fails.
  const mayLitter = () => log().includes("killed by SIGKILL") || /unlink|rmdir/.test(calls);
  let met = true;
  let nth = 0;
  while (met && nth < CALLS_MAX) {
    nth++;
    const rule = ["-e", `trace=${calls}`, "-e", `inject=${calls}:${fault}:when=${nth}`];
    const prefix = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", trace, ...rule];
    const run = await operate(operation, prefix, journal, mayLitter);
    met = /killed by SIGKILL|\(INJECTED\)/.test(log());
    if (met) count(tally, `${operation}, ${calls} ${fault} call ${nth}`, journal, run);
  }
  rmSync(dirname(trace), { recursive: true, force: true });
  return nth > 1;
}

/**
 * Runs the operation without any fault, then where files may not grow beyond a size: with the error, and
 * with the signal that kills.
 */
async function limitSize(operation: string, journal: boolean, tally: Tally): Promise<void> {
  const sound = await operate(operation, [], journal, () => false);
  const fault = sound.reported === "ok" ? sound.fault : "it fails without a fault";
  count(tally, `${operation}, no fault`, journal, { ...sound, fault });
  for (const size of SIZES) {
    for (const trap of ["trap '' XFSZ;", ""]) {
      const prefix = ["sh", "-c", `${trap} ulimit -f ${size / 512}; exec "$@"`, "sh"];
      const run = await operate(operation, prefix, journal, () => trap === "");
      count(
        tally,
        `${operation}, files of at most ${size} bytes${trap === "" ? ", killed" : ""}`,
        journal,
        run,
      );
    }
  }
}

function count(tally: Tally, what: string, journal: boolean, { fault, reported }: Run): void {
  const says = reported === "" ? "nothing" : JSON.stringify(reported.slice(0, 300));
  const recorded = journal ? "recorded" : "not recorded";
  note(tally, `${what}, ${recorded}`, fault === undefined ? undefined : `${fault} (it reported ${says})`);
}

/**
 * Runs one operation behind `prefix` on fresh folders. `mayLitter`: whether it could not clean up after
 * itself.
 */
async function operate(
  operation: string,
  prefix: readonly string[],
  journal: boolean,
  mayLitter: () => boolean,
): Promise<Run> {
  const base = mkdtempSync(join(tmpdir(), "clawhammer-fault-"));
  const other = mkdtempSync("/dev/shm/clawhammer-fault-");
  try {
    const at: Places = { dir: join(base, "allowed"), elsewhere: other, journal: join(base, "journal") };
    mkdirSync(join(at.dir, "tree/inner"), { recursive: true });
    for (const name of ["file", "tree/a", "tree/inner/b"]) writeFileSync(join(at.dir, name), OLD);
    const before = await treesOf(at);
    const places = [at.dir, at.elsewhere, ...(journal ? [at.journal] : [])];
    const reported = await start([...prefix, process.execPath, SCRIPT, operation, ...places]);
    const litter = mayLitter() ? undefined : leftovers(at);
    const wrong = INVARIANTS[operation]?.(at, reported) ?? litter;
    if (wrong !== undefined || !journal) return { fault: wrong, reported };
    const undone = await start([process.execPath, SCRIPT, "undo", ...places]);
    if (await treesOf(at) === before) return { fault: undefined, reported };
    // A file has both names for a moment, and a tree that was copied to another disk is removed bit by bit.
    // A crash then loses nothing, but somebody has to look at it; so it is with a copy that could not be
    // read back.
    const isRefused = operation.startsWith("move") || (operation === "copy" && undone.startsWith("failed"));
    if (isRefused) return { fault: INVARIANTS[operation]?.(at, ""), reported };
    return { fault: `after undoing, it is not as before (undo said: ${undone})`, reported };
  } finally {
    rmSync(base, { recursive: true, force: true });
    rmSync(other, { recursive: true, force: true });
  }
}

/** Runs a program to its end. @returns what it printed; nothing when it was killed before. */
async function start([command = "", ...args]: readonly string[]): Promise<string> {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  await new Promise((resolve) => child.once("close", resolve));
  return output.trim();
}
