/**
 * Why a file could not be loaded: what, in which line, and what to do. The runtimes say it in many ways.
 * @module
 */
import { ToolError } from "../errors.ts";

/** What is wrong with a file. */
export interface LoadProblem {
  readonly line?: number;
  readonly what: string;
  readonly next: string;
}

/** Explains what loading a file threw. @param path The absolute path of the file. */
export function explainLoad(error: unknown, path: string): LoadProblem {
  if (error instanceof ToolError) return { what: error.message, next: error.next };
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const { name = "Error", message = String(first), stack = "", position } = (first ?? {}) as {
    name?: string;
    message?: string;
    stack?: string;
    position?: { line?: number; file?: string } | null;
  };
  const place = position?.line ?? lineIn(`${stack}\n${message}`, path);
  const line = position?.file === undefined || position.file === path ? place : undefined;
  const elsewhere = position?.file !== undefined && position.file !== path
    ? ` (${position.file}:${position.line})`
    : "";
  const [what = ""] = message.split("\n");
  return {
    ...(line === undefined ? {} : { line }),
    what: `${
      missing(what) ?? (/^(BuildMessage|ResolveMessage)$/.test(name) || what.startsWith("SyntaxError")
        ? what
        : `${name}: ${what}`)
    }${elsewhere}`,
    next: advice(name, what),
  };
}

function missing(message: string): string | undefined {
  const [, name] =
    /(?:Cannot find (?:module|package)|Module not found|Import|Relative import path) ["']([^"']+)["']/.exec(
      message,
    ) ?? [];
  return name === undefined ? undefined : `It imports "${name}", which is not there`;
}

function advice(name: string, message: string): string {
  const [, specifier = ""] = /["']([^"']+)["']/.exec(message) ?? [];
  if (missing(message) !== undefined) {
    if (specifier === "zod") return 'Write import { z } from "clawhammer": zod is inside.';
    if (/^[./]/.test(specifier)) return "Name a file of the folder, with its ending.";
    return `Install it beside the tool: npm install ${specifier}`;
  }
  if (name === "BuildMessage" || name === "SyntaxError" || message.startsWith("SyntaxError")) {
    return "Mend that line and save the file.";
  }
  return "This is thrown while the file is loaded: mend it, or do that work inside of run.";
}

/** The first line of the file that is named in a stack or a message. */
function lineIn(text: string, path: string): number | undefined {
  const at = text.indexOf(`${path}:`);
  const [, digits] = at < 0 ? [] : /^(\d+)/.exec(text.slice(at + path.length + 1)) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
