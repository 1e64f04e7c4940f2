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
import { join } from "node:path";

/** The variable of the mark. */
export const MARK = "WORKER_OF_CLAWHAMMER";

/** Ends trees of processes, in the last resort after the death of this one. */
export interface Keeper {
  /** The mark of all workers of this server; a worker's own is this with a number behind it. */
  readonly mark: string;
  /** Has this worker ended when this process dies without a word. */
  watch(pid: number): void;
  /** Kills a worker and all that it started, at once. */
  end(pid: number, mark: string): void;
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
for one in $left; do kill -KILL -- "-$one"; done
[ -n "$left" ] || exit 0
for file in /proc/[0-9]*/environ; do
  one=\${file#/proc/}; one=\${one%/environ}
  grep -qs "$1" "$file" && [ "$one" != "$$" ] && kill -KILL "$one"
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
    end(pid, own) {
      killTree(pid, own);
      if (shell !== undefined) tell(`- ${pid}`);
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

function killTree(pid: number, mark: string): void {
  if (process.platform === "win32") {
    spawnSync("taskkill", ["/PID", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true });
    return;
  }
  kill(-pid);
  kill(pid);
  if (process.platform !== "linux") return;
  // What was being started while we looked is found by the next look.
  for (let look = 0; look < 5 && killMarked(mark) > 0; look++);
}

/** Kills what carries the mark in its environment. @returns how many processes that were. */
function killMarked(mark: string): number {
  const wanted = `${MARK}=${mark}\0`;
  let found = 0;
  for (const name of list("/proc")) {
    if (!/^\d+$/.test(name) || !environment(name).includes(wanted)) continue;
    found++;
    kill(Number(name));
  }
  return found;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The environment a process was started with; empty when it is another user's, or ends just now. */
function environment(pid: string): string {
  try {
    return `${readFileSync(join("/proc", pid, "environ"), "latin1")}\0`;
  } catch {
    return "";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}
