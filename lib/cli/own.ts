/**
 * The person's own tools as the commands find them that are for writing them: `new`, `dev`, `test`.
 * @module
 */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { type App, createApp } from "../app.ts";
import type { Config } from "../config.ts";
import { ToolError, UsageError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { Module } from "../tool.ts";
import { listToolFiles } from "../user/folder.ts";
import { problemText, type UserTools } from "../user/types.ts";

/** Files of tools, ready to be called. */
export interface Own {
  readonly app: App;
  readonly user: UserTools;
  /** The names of the files that were asked for; all of the folder when none was. */
  readonly files: readonly string[];
}

/**
 * Opens the files that operands name: paths, or names in the folder of tools, with or without their ending.
 * @throws {UsageError} when they are of several folders, or there is no folder.
 * @throws {ToolError} when there is no such file.
 */
export async function openOwn(
  modules: readonly Module[],
  config: Config,
  operands: readonly string[],
): Promise<Own> {
  const found = operands.map((operand) => locate(operand, config));
  const folders = [...new Set(found.map(({ folder }) => folder))];
  if (folders.length > 1) {
    throw new UsageError(`${operands.join(" and ")} are in several folders\nName files of one folder`);
  }
  const path = folders[0] ?? usualFolder(config);
  // Whatever else is configured, these tools are what this is about.
  const app = createApp(modules, {
    ...config,
    modules: undefined,
    without: [],
    toolsDir: { path, named: true },
  });
  const user = await app.userTools?.();
  if (user === undefined) throw new Error("The module of user tools is missing");
  await app.caller.refresh();
  return { app, user, files: found.length > 0 ? found.map(({ file }) => file) : listToolFiles(path) };
}

/** The folder of tools of the configuration. @throws {UsageError} when the machine names none. */
export function usualFolder({ toolsDir }: Config): string {
  if (toolsDir !== undefined) return toolsDir.path;
  throw new UsageError("This machine names no folder for tools of your own\nName one with --tools-dir");
}

/** The module a file has become; undefined while it cannot be used. */
export function moduleOf({ user }: Own, file: string): Module | undefined {
  return user.modules.find(({ name }) => name === stem(file));
}

/** What is wrong with some files, or with their folder; a line each. */
export function problemsOf({ user }: Own, files: readonly string[]): string[] {
  return user.problems.filter(({ file }) => files.includes(file) || file === user.folder).map(problemText);
}

function stem(file: string): string {
  return basename(file).replace(/(\.tool)?\.[^.]+$/, "");
}

function locate(operand: string, config: Config): { folder: string; file: string } {
  const path = resolve(process.cwd(), operand);
  if (existsSync(path) && /\.([mc]?[jt]s|tool\.(json|ya?ml))$/.test(path)) {
    return { folder: realpathSync(dirname(path)), file: basename(path) };
  }
  const folder = usualFolder(config);
  const names = existsSync(folder) ? listToolFiles(folder) : [];
  const file = names.find((name) => name === operand || stem(name) === operand);
  if (file !== undefined) return { folder: realpathSync(folder), file };
  const near = nearest(operand, names.map(stem), 3).join(", ");
  throw new ToolError(
    `There is no tool file "${operand}", neither here nor in "${folder}"`,
    near === "" ? `clawhammer new ${stem(operand)} makes one` : `Nearest: ${near}`,
  );
}

/** Where a file of the folder is. */
export function pathOf({ user }: Own, file: string): string {
  return join(user.folder, file);
}
