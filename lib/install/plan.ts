/**
 * What an installation changes in one configuration, worked out before anything is written.
 * @module
 */
import { type Config, type Entry, entryOf, isOurs, readClientConfig } from "../clients/config.ts";
import { applyChanges, type Change, editorOf, isData, same, valueAt } from "../clients/edit/edit.ts";
import type { FoundPlace } from "../clients/places.ts";
import type { Client, Launch, Plain } from "../clients/types.ts";
import { flagOf, KEYS, OPTIONS } from "../config/options.ts";
import { type Host, pathsOf } from "../config/host.ts";
import { ToolError, UsageError } from "../errors.ts";
import type { Allowed } from "../fs/roots.ts";
import { shellWord } from "../shell.ts";
import { breadthWarning } from "../wide.ts";
import { type Offered, recognise, type Recognised } from "./migrate.ts";
import type { Installed } from "./record.ts";
import type { Bytes } from "./write.ts";

/** A configuration that is understood. */
type Readable = Extract<Config, { status: "fine" }>;

/** Names of entries that every client takes. */
export const ENTRY_NAME = /^[A-Za-z0-9_-]{1,40}$/;

/** What is to be installed. */
export interface Wish {
  readonly name: string;
  /** The program up to the flags of `serve`. */
  readonly program: Launch;
  /** How a person calls the program in a shell. */
  readonly command: string;
  /** The flags of the server; undefined keeps those of an entry that is there. */
  readonly flags: readonly string[] | undefined;
  /** Which of the recognised entries are replaced. */
  readonly replace: (found: Recognised) => boolean;
  /**
   * What the server offers with some flags and variables.
   * @throws {UsageError} when it does not understand them.
   */
  readonly offered: (flags: readonly string[], env?: Launch["env"]) => Promise<Offered>;
}

/** What happens to one configuration. */
export interface Plan {
  readonly client: Client;
  readonly place: FoundPlace;
  readonly name: string;
  readonly before: Bytes;
  readonly after: Bytes;
  /** The entry that stands there afterwards. */
  readonly launch: Launch;
  /** Whether there was an entry of ours. */
  readonly existed: boolean;
  /** Entries of official servers: those that are replaced, and those that stay. */
  readonly replaced: readonly Recognised[];
  readonly stay: readonly Recognised[];
  /** The data of what is replaced, and how many objects around the entry are made. */
  readonly removed: readonly { readonly name: string; readonly value: unknown }[];
  readonly madeObjects: number;
  readonly notes: readonly string[];
  /** The folder for data of the installed server; undefined when it has none. */
  readonly data: string | undefined;
}

/** The text of a configuration's bytes; empty for none. */
export function textOf(bytes: Bytes): string {
  return bytes === undefined ? "" : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/**
 * The flags of `serve` that the command line of `install` asks for, with absolute paths; undefined for none.
 * @throws {UsageError} for a value that is wrong.
 */
export function serverFlags(flags: ReadonlyMap<string, readonly string[]>, host: Host): string[] | undefined {
  const given = KEYS.flatMap((key) => {
    const flag = flagOf(key);
    const { kind, metavar } = OPTIONS[key];
    return (flags.get(flag) ?? []).flatMap((text) => {
      if (metavar === undefined) return text === "true" ? [flag] : [`${flag}=${text}`];
      const value = kind.anywhere?.(text, { label: flag, base: host.cwd, host }) ?? text;
      return value.startsWith("-") ? [`${flag}=${value}`] : [flag, value];
    });
  });
  return given.length === 0 ? undefined : given;
}

/**
 * Works out an installation.
 * @throws {ToolError} when the configuration cannot be read or must not be changed.
 */
export async function planInstall(client: Client, place: FoundPlace, wish: Wish, host: Host): Promise<Plan> {
  const config = await readable(client, place.path);
  const servers = config?.servers ?? [];
  const existing = servers.find((entry) => entry.name === wish.name);
  const own = wish.program.command;
  if (existing !== undefined && !isOurs(existing, own)) {
    throw taken(existing, place.path, "Choose another name with --name");
  }
  const flags = wish.flags ?? flagsOf(existing?.launch);
  const offered = await wish.offered(flags, existing?.launch?.env).catch((error: unknown) => {
    if (wish.flags !== undefined || !(error instanceof UsageError)) throw error;
    throw new ToolError(
      `The entry "${wish.name}" in "${place.path}" has flags this version does not take: ${error.message}`,
      `Give the flags it is to have: ${wish.command} install ${client.id} --name ${wish.name} --allow DIR`,
    );
  });
  const found = recognise(servers.filter((entry) => !isOurs(entry, own)), offered, host);
  const replaced = found.filter((one) => one.kept === undefined && wish.replace(one));
  const { brought, narrowed } = carried(flags, replaced.flatMap(({ folders }) => folders), host);
  const equal = new Set(replaced.flatMap((one) => one.flags));
  const switches = [...equal].filter((flag) => !flags.some((one) => one.split("=")[0] === flag));
  const launch = {
    command: wish.program.command,
    args: [
      ...wish.program.args,
      ...flags,
      ...switches,
      ...brought.flatMap((one) => [flagOf("allow"), allowText(one, host)]),
    ],
    ...(existing?.launch?.env === undefined ? {} : { env: existing.launch.env }),
  };
  const changes = [
    ...replaced.map(({ name }): Change => ({ path: [...client.container, name], value: undefined })),
    ...entryChanges(client, wish.name, existing, launch),
  ];
  const text = config?.text ?? "";
  const after = applyChanges(await editorOf(client.format), text, changes);
  return {
    client,
    place,
    name: wish.name,
    before: config?.bytes,
    after: after === text ? config?.bytes : new TextEncoder().encode(after),
    launch,
    existed: existing !== undefined,
    replaced,
    data: offered.data,
    stay: found.filter((one) => !replaced.includes(one)),
    removed: replaced.map(({ name }) => ({ name, value: servers.find((one) => one.name === name)?.raw })),
    madeObjects:
      client.container.filter((_, i) =>
        valueAt(config?.data ?? {}, client.container.slice(0, i + 1)) === undefined
      ).length,
    notes: [
      ...notesOf(client, place, config, wish, existing, host),
      ...brought.flatMap((one) => breadthWarning(one, host) ?? []),
      ...narrowed.map((path) => `"${path}" can only be read now, as --allow says`),
      ...(offered.missing ?? []).map((variable) =>
        `${variable} is not set for this entry: add it under "env" of "${wish.name}" in that file`
      ),
    ],
  };
}

/** What taking an installation back changes. */
export interface Removal {
  readonly client: Client;
  readonly place: FoundPlace;
  readonly name: string;
  readonly before: Bytes;
  readonly after: Bytes;
  /** Entries that come back. */
  readonly restored: readonly string[];
  readonly installed: Installed | undefined;
}

/**
 * Works out how an installation is taken back; undefined when there is none. A file that is as the
 * installation left it becomes what it was, byte for byte; in any other the entry is removed.
 * @param exactly The bytes before the installation, when the file is as the installation left it.
 * @throws {ToolError} when the configuration cannot be read or must not be changed.
 */
export async function planRemoval(
  client: Client,
  place: FoundPlace,
  name: string,
  installed: Installed | undefined,
  exactly: (now: Bytes) => Promise<{ readonly bytes: Bytes } | undefined>,
  own: string,
): Promise<Removal | undefined> {
  const config = await readable(client, place.path);
  if (config === undefined) return undefined;
  const removal = { client, place, name, before: config.bytes, installed };
  const replaced = installed?.replaced ?? [];
  const exact = await exactly(config.bytes);
  if (exact !== undefined) {
    return {
      ...removal,
      after: exact.bytes,
      restored: replaced.map((one) => one.name),
    };
  }
  const entry = config.servers.find((one) => one.name === name);
  if (
    entry !== undefined && !isOurs(entry, own) &&
    (entry.launch === undefined || entry.launch.command !== installed?.command)
  ) {
    throw taken(entry, place.path, "It is left as it is; remove it by hand if it is not wanted");
  }
  const free = replaced.filter((one) => !config.servers.some((server) => server.name === one.name));
  if (entry === undefined && free.length === 0) return undefined;
  const changes: Change[] = [
    ...(entry === undefined ? [] : [{ path: [...client.container, name], value: undefined }]),
    ...free.flatMap((one) => {
      return isPlain(one.value) ? [{ path: [...client.container, one.name], value: one.value }] : [];
    }),
  ];
  const editor = await editorOf(client.format);
  const made = installed?.madeObjects ?? 0;
  const parse = (body: string) => editor.parse(body.replace(/^\uFEFF/, ""));
  let text = applyChanges(editor, config.text, changes);
  for (let depth = client.container.length; depth > client.container.length - made; depth--) {
    const path = client.container.slice(0, depth);
    const inside = valueAt(parse(text), path);
    if (isData(inside) && Object.keys(inside).length === 0) {
      text = applyChanges(editor, text, [{ path, value: undefined }]);
    }
  }
  const empty = installed?.madeFile === true && Object.keys(parse(text)).length === 0 &&
    !/\/[/*]|#/.test(text);
  const after = empty ? undefined : new TextEncoder().encode(text);
  return { ...removal, after, restored: free.map((one) => one.name) };
}

/** The configuration; undefined when there is none. @throws {ToolError} when it cannot be understood. */
async function readable(client: Client, path: string): Promise<Readable | undefined> {
  const config = await readClientConfig(client, path);
  switch (config.status) {
    case "absent":
      return undefined;
    case "fine":
      return config;
    case "unreadable":
      throw new ToolError(`Cannot read "${path}": ${config.why}`, "Nothing was changed");
    case "broken":
      throw new ToolError(
        `${path}:${config.line}:${config.column}: ${config.why}`,
        `${client.title} cannot read this file either. Mend this place and try again; nothing was changed`,
      );
  }
}

/** An entry that is there keeps what else stands in it. */
function entryChanges(client: Client, name: string, existing: Entry | undefined, launch: Launch): Change[] {
  const path = [...client.container, name];
  const wanted = entryOf(client, name, launch);
  if (existing?.launch === undefined || !isData(existing.raw)) return [{ path, value: wanted }];
  const { command } = client.keys;
  // An entry of an old form is written anew.
  if (typeof existing.raw[command] !== "string") return [{ path, value: wanted }];
  return [command, "args"].flatMap((key): Change[] => {
    const value = wanted[key];
    return value === undefined || same(isData(existing.raw) && existing.raw[key], value)
      ? []
      : [{ path: [...path, key], value }];
  });
}

/** The flags of an entry: what stands behind "serve". */
function flagsOf(launch: Launch | undefined): readonly string[] {
  if (launch === undefined) return [];
  const serve = launch.args.indexOf("serve");
  return serve < 0 ? launch.args.filter((arg) => arg !== "serve") : launch.args.slice(serve + 1);
}

/**
 * The folders that replaced entries could use and that are not allowed yet. What the flags allow for reading
 * only stays so: `narrowed` are those of them that could be changed.
 */
function carried(
  flags: readonly string[],
  folders: readonly Allowed[],
  host: Host,
): { readonly brought: readonly Allowed[]; readonly narrowed: readonly string[] } {
  const allow = flagOf("allow");
  const paths = pathsOf(host);
  const given = flags.flatMap((flag, i) => {
    const value = flag === allow
      ? flags[i + 1]
      : flag.startsWith(`${allow}=`)
      ? flag.slice(allow.length + 1)
      : undefined;
    return value === undefined ? [] : [{ path: value.replace(/:ro$/, ""), readOnly: value.endsWith(":ro") }];
  });
  const within = (path: string, allowed: readonly Allowed[]) =>
    allowed.filter((one) => {
      const inside = paths.relative(one.path, path);
      return inside === "" || (!inside.startsWith("..") && !paths.isAbsolute(inside));
    });
  const brought: Allowed[] = [];
  const narrowed: string[] = [];
  for (const folder of folders) {
    const { path, readOnly } = folder;
    const around = within(path, given);
    if (around.length > 0) {
      if (!readOnly && around.every((one) => one.readOnly)) narrowed.push(path);
    } else if (!within(path, brought).some((one) => !one.readOnly || readOnly)) brought.push(folder);
  }
  return { brought, narrowed: [...new Set(narrowed)] };
}

function allowText({ path, readOnly }: Allowed, host: Host): string {
  return readOnly ? `${path}:ro` : path.endsWith(":ro") ? path + pathsOf(host).sep : path;
}

function notesOf(
  client: Client,
  place: FoundPlace,
  config: Readable | undefined,
  wish: Wish,
  existing: Entry | undefined,
  host: Host,
): string[] {
  const others = (config?.servers ?? []).filter((entry) =>
    entry.name !== wish.name && isOurs(entry, wish.program.command)
  );
  return [
    ...(place.present
      ? []
      : [`${client.title} was not found on this computer; it will read the file once it is there`]),
    ...(config?.suspect === undefined ? [] : [
      `The file has ${config.suspect}, which ${client.title} may refuse: check that its other servers work`,
    ]),
    ...others.map(({ name }) =>
      `The entry "${name}" starts Clawhammer, too: ${wish.command} uninstall ${client.id} --name ${
        shellWord(name, host)
      }`
    ),
    ...(existing?.disabled === true ? [`The entry "${wish.name}" is switched off in ${client.title}`] : []),
  ];
}

function taken({ name, launch }: Entry, path: string, next: string): ToolError {
  const what = launch === undefined ? "is no program of this computer" : `starts "${launch.command}"`;
  return new ToolError(
    `The entry "${name}" in "${path}" ${what}, which is not Clawhammer`,
    next,
  );
}

/** What was read from a configuration can be written again, dates of TOML aside. */
function isPlain(value: unknown): value is Plain {
  if (typeof value !== "object") return /^(string|number|boolean)$/.test(typeof value);
  if (value === null || Array.isArray(value)) return value === null || value.every(isPlain);
  return isData(value) && Object.values(value).every(isPlain);
}
