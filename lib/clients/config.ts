/**
 * A client's configuration as it is on the disk: its servers, or why it cannot be read.
 * @module
 */
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { errorCode, errorText } from "../errors.ts";
import { sizeText } from "../format.ts";
import { CLIENT_CONFIG_BYTES_MAX } from "../limits.ts";
import { type Data, editorOf, Fault, faultAt, isData, valueAt } from "./edit/edit.ts";
import type { Client, Launch, Plain } from "./types.ts";

/** An entry of a configuration. */
export interface Entry {
  readonly name: string;
  /** What it starts; undefined for what is reached by an address. */
  readonly launch: Launch | undefined;
  /** Whether the person has switched it off. */
  readonly disabled: boolean;
  /** Everything that stands there. */
  readonly raw: unknown;
}

/** Why a configuration is unreadable that belongs to somebody else. */
export const NO_PERMISSION = "you have no permission";

/** What is at the place of a configuration. */
export type Config =
  | { readonly status: "absent" }
  | { readonly status: "unreadable"; readonly why: string }
  | { readonly status: "broken"; readonly why: string; readonly line: number; readonly column: number }
  | {
    readonly status: "fine";
    readonly bytes: Uint8Array;
    readonly text: string;
    readonly data: Data;
    readonly servers: readonly Entry[];
    /** What the client, which reads strict JSON, may refuse: `comments or trailing commas`. */
    readonly suspect: string | undefined;
  };

/** Reads the configuration of a client. */
export async function readClientConfig(client: Client, path: string): Promise<Config> {
  let bytes: Uint8Array;
  try {
    const there = await stat(path);
    if (there.isDirectory()) return { status: "unreadable", why: "it is a folder" };
    // Reading a named pipe would wait for ever.
    if (!there.isFile()) return { status: "unreadable", why: "it is no file" };
    if (there.size > CLIENT_CONFIG_BYTES_MAX) {
      return { status: "unreadable", why: `it has ${sizeText(there.size)}` };
    }
    bytes = await readFile(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return { status: "absent" };
    const why = code === "EACCES" || code === "EPERM"
      ? NO_PERMISSION
      : code === "ELOOP"
      ? "it is a link that leads to itself"
      : errorText(error);
    return { status: "unreadable", why };
  }
  return await readConfigBytes(client, bytes);
}

/** Understands the bytes of a configuration. */
export async function readConfigBytes(client: Client, bytes: Uint8Array): Promise<Config> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { status: "unreadable", why: "it is no UTF-8 text" };
  }
  try {
    const body = text.replace(/^\uFEFF/, "");
    const editor = await editorOf(client.format);
    const data = editor.parse(body);
    const found = valueAt(data, client.container);
    const servers = isData(found)
      ? Object.entries(found).map(([name, raw]) => readEntry(client, name, raw))
      : [];
    if (found !== undefined && found !== null && !isData(found)) {
      const offset = editor.find(body, client.container) ?? 0;
      throw faultAt(body, offset, `"${client.container.join(".")}" is no object`);
    }
    const strict = client.format === "json" && body.trim() !== ""
      ? (await import("./edit/json.ts")).strictFault(text)
      : undefined;
    return { status: "fine", bytes, text, data, servers, suspect: strict };
  } catch (error) {
    // The readers of all formats descend by calling themselves.
    if (error instanceof RangeError) return { status: "unreadable", why: "it is nested too deeply" };
    if (!(error instanceof Fault)) throw error;
    return { status: "broken", why: error.message, line: error.line, column: error.column };
  }
}

/** The entry of a launch, as the client writes it. */
export function entryOf(client: Client, name: string, launch: Launch): { readonly [key: string]: Plain } {
  const { command, env } = client.keys;
  return {
    ...client.extras(name),
    [command]: launch.command,
    args: launch.args,
    ...(launch.env === undefined ? {} : { [env]: launch.env }),
  };
}

/**
 * Whether an entry starts Clawhammer: the executable under any of its names, or its source under a runtime.
 * @param own The path of the executable that asks, which may have been renamed.
 */
export function isOurs({ launch }: Entry, own?: string): boolean {
  if (launch === undefined) return false;
  const name = (path: string) => basename(path.replaceAll("\\", "/")).toLowerCase().replace(/\.exe$/, "");
  const runtime = /^(bun|deno|node)$/.test(name(launch.command));
  if (launch.command === own && !runtime) return true;
  if (/^clawhammer([-_.].*)?$/.test(name(launch.command))) return true;
  const script = launch.args.find((arg) => /[/\\]main\.ts$/.test(arg));
  return runtime && script !== undefined && launch.args.includes("serve");
}

function readEntry(client: Client, name: string, raw: unknown): Entry {
  if (!isData(raw)) return { name, launch: undefined, disabled: false, raw };
  const disabled = raw.disabled === true || raw.enabled === false;
  // Editions of Zed before 2025 hold the launch in an object of its own.
  const inner = isData(raw.command) ? raw.command : raw;
  const command = isData(raw.command) ? raw.command.path : raw[client.keys.command];
  if (typeof command !== "string") return { name, launch: undefined, disabled, raw };
  const args = Array.isArray(inner.args) ? inner.args.filter((arg) => typeof arg === "string") : [];
  const given = inner[client.keys.env];
  const env = isData(given)
    ? Object.fromEntries(
      Object.entries(given).flatMap(([key, value]) => typeof value === "string" ? [[key, value]] : []),
    )
    : undefined;
  return { name, launch: { command, args, ...(env === undefined ? {} : { env }) }, disabled, raw };
}
