/**
 * What `install` and `uninstall` share: which configurations are meant, and how a change of one is shown.
 * @module
 */
import { type FoundPlace, placesOf } from "../clients/places.ts";
import { CLIENTS, findClient } from "../clients/table.ts";
import type { Client } from "../clients/types.ts";
import type { CommandLine, Config } from "../config.ts";
import type { Host } from "../config/host.ts";
import { diffBetween } from "../diff.ts";
import { errorText, ToolError, UsageError } from "../errors.ts";
import { ENTRY_NAME, textOf } from "../install/plan.ts";
import { type Installations, openInstallations } from "../install/record.ts";
import type { Bytes } from "../install/write.ts";
import { complain } from "./output.ts";
import { name as program } from "../version.ts";

/** A configuration of a client. */
export interface Target {
  readonly client: Client;
  readonly place: FoundPlace;
}

/**
 * The configurations of the clients that were named, Claude Desktop's when none was; "all" are those of every
 * client on this computer.
 * @throws {UsageError} for a name that is no client's.
 * @throws {ToolError} when the platform does not say where a client keeps its configuration.
 */
export function targetsOf(operands: readonly string[], host: Host): Target[] {
  const [usual] = CLIENTS;
  const named = operands.filter((name) => name !== "all").map(findClient);
  const present = operands.includes("all")
    ? CLIENTS.filter((client) => placesOf(client, host).some((place) => place.present))
    : [];
  const clients = [...new Set([...named, ...present, ...(operands.length === 0 && usual ? [usual] : [])])];
  return clients.flatMap((client) => {
    const places = placesOf(client, host);
    if (places.length > 0) return places.map((place) => ({ client, place }));
    throw new ToolError(
      `Cannot tell where ${client.title} keeps its configuration: the home folder is unknown`,
      host.platform === "win32" ? "Set USERPROFILE" : "Set HOME",
    );
  });
}

/** The name of the entry. @throws {UsageError} for one that clients refuse. */
export function readName({ flags }: CommandLine): string {
  const [name = program] = flags.get("--name") ?? [];
  if (ENTRY_NAME.test(name)) return name;
  throw new UsageError(`--name is "${name}"\nUse up to 40 letters, digits, "-" and "_"`);
}

/** Whether a switch of the command was given. */
export function has({ flags }: CommandLine, flag: string): boolean {
  return flags.get(flag)?.[0] === "true";
}

/** The installations of this person. @throws {ToolError} when there is no folder to keep them in. */
export function openData({ folders }: Config): Installations {
  if (folders.data !== undefined) return openInstallations(folders.data);
  throw new ToolError("There is no folder to keep a backup in: the home folder is unknown", "Set HOME");
}

/**
 * Does something to one configuration. Why it cannot be done is told; then it resolves with undefined, so
 * that one client's configuration never keeps another's from being written.
 */
export async function attempt<T>({ client }: Target, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const advice = error instanceof ToolError
      ? ""
      : "\nThis is a defect of Clawhammer; the file is left as it is";
    await complain(`${client.title}: ${errorText(error)}${advice}`);
    return undefined;
  }
}

/** The difference a change makes, as lines. */
export async function showDiff(
  { place, before, after }: { readonly place: FoundPlace; readonly before: Bytes; readonly after: Bytes },
): Promise<string[]> {
  if (before === after) return [`${place.path}: nothing changes`];
  const { text, cutAt } = await diffBetween(lines(before), lines(after));
  return [
    `--- ${before === undefined ? "nothing" : place.path}`,
    `+++ ${after === undefined ? "nothing" : place.path}`,
    text,
    ...(cutAt === undefined ? [] : [`(cut here, at line ${cutAt})`]),
  ];
}

function lines(bytes: Bytes): string {
  return textOf(bytes).replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
}
