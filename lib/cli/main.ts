/**
 * The command line: finds the command, loads its file, runs it, reports what went wrong.
 * Exit codes: 0 fine, 1 failed, 2 wrong usage.
 * @module
 */
import { loadConfig, thisHost } from "../config.ts";
import { type Host, platformFolders } from "../config/host.ts";
import type { Level } from "../config/options.ts";
import { errorText, ToolError, UnknownNameError, UsageError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { product } from "../product.ts";
import type { Module } from "../tool.ts";
import type { Command } from "./command.ts";
import { COMMANDS as ALL } from "./commands.ts";
import { complain, print } from "./output.ts";

/** A server of somebody's own is for using its tools, not for making others. */
const COMMANDS: readonly Command[] = product === undefined
  ? ALL
  : ALL.filter((one) => one.forMaking !== true);

/**
 * Runs the program and ends the process.
 * @param args The command line without the runtime and the script.
 */
export async function main(modules: readonly Module[], args: readonly string[]): Promise<never> {
  const [command, kind] = args;
  if (command === "worker" && kind !== undefined) process.exit(await work(kind));
  const host = thisHost();
  const built = product?.modules;
  const own = built === undefined ? modules : modules.filter((module) => built.includes(module.name));
  process.exit(await run(own, args, host));
}

/** This process is a worker of a server: no command for people, so the table of commands does not have it. */
async function work(kind: string): Promise<number> {
  const [{ KINDS }, { isStartedByServer, serveWorker }] = await Promise.all([
    import("../worker/kinds.ts"),
    import("../worker/serve.ts"),
  ]);
  const load = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (load === undefined || !isStartedByServer()) {
    await complain("Only a server starts its workers; see clawhammer help");
    return 2;
  }
  return await serveWorker(await load());
}

async function run(modules: readonly Module[], args: readonly string[], host: Host): Promise<number> {
  const [first] = args;
  const serves = first === undefined || first.startsWith("-");
  let level: Level = "info";
  try {
    if (first === "--version") return await showVersion();
    if (first === "--licenses") return await showLicenses();
    if (first === "help" || wantsHelp(args)) return await showHelp(modules, args, host);
    if (first === undefined && process.stdin.isTTY) return await welcome(host);
    const command = find(serves ? "serve" : first);
    const faults: string[] = [];
    const tolerate = command.lenient ? (fault: string) => void faults.push(fault) : undefined;
    const line = await loadConfig(serves ? args : args.slice(1), command.flags, host, tolerate);
    level = line.config.logLevel;
    const start = await command.load();
    return await start({ modules, line, host, faults });
  } catch (error) {
    // A host that starts the server may lose standard error, so the log file has to say it, too.
    const logs = (serves || first === "serve") && !process.stdin.isTTY
      ? platformFolders(host).logs
      : undefined;
    return await report(error, level, logs);
  }
}

function find(name: string): Command {
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const near = nearest(name, COMMANDS.map((candidate) => candidate.name), 1);
  const folder = /[/\\~.]/.test(name) ? `To allow a folder, write --allow ${name}; the` : "The";
  const advice = near.length > 0 ? `Did you mean "${near[0]}"?` : `${folder} commands are ${names()}`;
  throw new UsageError(`Unknown command "${name}"\n${advice}`);
}

function names(): string {
  return [...COMMANDS.map((command) => command.name), "help"].join(", ");
}

function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === "--help" || arg === "-h");
}

async function showHelp(modules: readonly Module[], args: readonly string[], host: Host): Promise<number> {
  const { renderCommandHelp, renderHelp } = await import("./help.ts");
  const name = args[0] === "help" ? args[1] : args[0];
  const general = name === undefined || name.startsWith("-");
  await print(general ? renderHelp(COMMANDS, modules, host) : renderCommandHelp(find(name), modules, host));
  return 0;
}

async function showVersion(): Promise<number> {
  const [{ builtWith, name, version }, { runtimeName }] = await Promise.all([
    import("../version.ts"),
    import("../runtime.ts"),
  ]);
  const made = [builtWith, runtimeName(), `${process.platform}-${process.arch}`].filter((part) => part);
  await print(`${name} ${version} (${made.join(", ")})`);
  return 0;
}

async function showLicenses(): Promise<number> {
  const { licenses } = await import("../licenses/text.ts");
  await print(await licenses());
  return 0;
}

async function welcome(host: Host): Promise<number> {
  const { renderWelcome } = await import("./welcome.ts");
  await print(renderWelcome(host));
  return 0;
}

/** Says what went wrong, in one or two lines, and in the log file when a folder for it is given. */
async function report(error: unknown, level: Level, logs: string | undefined): Promise<number> {
  const usage = error instanceof UsageError || error instanceof UnknownNameError;
  const expected = usage || error instanceof ToolError;
  const stack = error instanceof Error && level === "debug" && !expected ? `\n${error.stack}` : "";
  const advice = expected || stack !== ""
    ? ""
    : "\nThis is a defect; --log-level debug shows where it happened";
  await complain(errorText(error) + stack + advice);
  if (logs !== undefined) {
    const { createLog } = await import("../log.ts");
    createLog({ folder: logs, level: "error", stderr: () => {} }).error(errorText(error));
  }
  return usage ? 2 : 1;
}
