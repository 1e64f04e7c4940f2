/**
 * Ending a worker with everything it started, and making sure of that when the server itself is killed.
 *
 * A worker leads a process group of its own, and carries a mark in its environment that its children inherit.
 * Ending it kills the group and, on Linux, whatever else carries the mark: a child that went into a group of
 * its own is found too. Windows ends the tree by its parentage (taskkill).
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

/** The variable of the mark. */
export const MARK = "WORKER_OF_CLAWHAMMER";

/** Ends trees of processes, in the last resort after the death of this one. */
export interface Keeper {
  /** The mark of all workers of this server; a worker's own is this with a number behind it. */
  readonly mark: string;
  /** Has this worker ended when this process dies without a word. */
  watch(pid: number): void;
  /** Kills a worker and its group at once; resolves when whatever else it started is killed, too. */
  end(pid: number, mark: string): Promise<void>;
  /** Kills all these workers and whatever they started before it returns: the process ends. */
  endAll(pids: readonly number[]): void;
  /** Lets the keeper's own process go. */
  release(): void;
}

/**
 * Reads "+ PID" and "- PID"; at the end of its input, which is the death of the server, it kills the groups
 * that are left, and what carries the mark. It is a shell because that is on every Unix, needs 1 MB, and runs
 * while the workers and the server do not.
 */
const SCRIPT = `trap '' HUP INT TERM
left=
while read -r sign pid; do
  case $sign in
    +) left="$left $pid" ;;
    -) kept=; for one in $left; do [ "$one" = "$pid" ] || kept="$kept $one"; done; left=$kept ;;
  esac
done
for one in $left; do kill -s KILL -- "-$one"; done
[ -n "$left" ] && [ -d /proc/self ] || exit 0
for file in $(grep -ls "$1" /proc/[0-9]*/environ); do
  one=\${file#/proc/}
  kill -s KILL "\${one%/environ}"
done 2>/dev/null`;

/** Makes the keeper; its process starts with the first worker. */
export function createKeeper(): Keeper {
  const mark = `c${randomBytes(9).toString("hex")}`;
  let shell: ChildProcess | undefined;
  const tell = (line: string) => {
    if (process.platform === "win32") return;
    shell ??= startShell(mark);
    shell.stdin?.write(`${line}\n`);
  };
  return {
    mark,
    watch: (pid) => tell(`+ ${pid}`),
    async end(pid, own) {
      killGroup(pid);
      if (shell !== undefined) tell(`- ${pid}`);
      if (process.platform !== "linux") return;
      // What was being started while we looked is found by the next look.
      for (let look = 0; look < 5 && await killMarked(`${MARK}=${own}\0`) > 0; look++);
    },
    endAll(pids) {
      for (const pid of pids) killGroup(pid);
      if (process.platform !== "linux" || pids.length === 0) return;
      for (let look = 0; look < 5 && killMarkedNow(`${MARK}=${mark}-`) > 0; look++);
    },
    release() {
      shell?.stdin?.end();
      shell = undefined;
    },
  };
}

function startShell(mark: string): ChildProcess {
  // A session of its own: what ends the server's group or terminal leaves the keeper alive.
  const shell = spawn("/bin/sh", ["-c", SCRIPT, "sh", `${MARK}=${mark}`], {
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Without a shell the workers still end with their pipe; only a busy loop would outlive a killed server.
  shell.on("error", () => {});
  shell.stdin?.on("error", () => {});
  shell.unref();
  if (shell.stdin !== null && "unref" in shell.stdin && typeof shell.stdin.unref === "function") {
    shell.stdin.unref();
  }
  return shell;
}

function killGroup(pid: number): void {
  if (process.platform === "win32") {
    spawnSync("taskkill", ["/PID", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true });
    return;
  }
  kill(-pid);
  kill(pid);
}

/**
 * Kills what carries the mark in the environment it was started with.
 * @returns how many processes that were.
 */
async function killMarked(mark: string): Promise<number> {
  const names = processes(await readdir("/proc").catch(() => []));
  const marked = await Promise.all(names.map(async (name) => {
    const environment = await readFile(`/proc/${name}/environ`, "latin1").catch(() => "");
    return `${environment}\0`.includes(mark) ? [Number(name)] : [];
  }));
  marked.flat().forEach(kill);
  return marked.flat().length;
}

/** The same, when there is no later. */
function killMarkedNow(mark: string): number {
  const marked = processes(attempt(() => readdirSync("/proc")) ?? []).filter((name) => {
    return attempt(() => `${readFileSync(`/proc/${name}/environ`, "latin1")}\0`)?.includes(mark);
  });
  marked.map(Number).forEach(kill);
  return marked.length;
}

function processes(names: readonly string[]): string[] {
  return names.filter((name) => /^\d+$/.test(name));
}

function kill(pid: number): void {
  attempt(() => process.kill(pid, "SIGKILL"));
}

/** What may fail because a process is gone, or another user's. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
