/**
 * Finds what clients would start: every place, every entry of ours, and what its arguments mean.
 * @module
 */
import { type Entry, isOurs, readClientConfig } from "../clients/config.ts";
import { type FoundPlace, placesOf } from "../clients/places.ts";
import { thinEnvironment } from "../clients/proof.ts";
import { CLIENTS } from "../clients/table.ts";
import type { Client } from "../clients/types.ts";
import { loadConfig } from "../config.ts";
import { FOLDER_FLAGS } from "../config/flags.ts";
import type { Host } from "../config/host.ts";
import { errorText } from "../errors.ts";
import type { ClientState, OwnEntry } from "./types.ts";

/** Reads every configuration of every client that has been on this machine. */
export async function findClients(host: Host, executable: string): Promise<ClientState[]> {
  const places = CLIENTS.flatMap((client) => {
    return placesOf(client, host).filter(({ present }) => present).map((place) => ({ client, place }));
  });
  return await Promise.all(places.map(({ client, place }) => readState(client, place, host, executable)));
}

async function readState(
  client: Client,
  place: FoundPlace,
  host: Host,
  executable: string,
): Promise<ClientState> {
  const config = await readClientConfig(client, place.path);
  const servers = config.status === "fine" ? config.servers : [];
  const own = servers.filter((entry) => isOurs(entry, executable));
  return { client, place, config, own: await Promise.all(own.map((entry) => understand(entry, host))) };
}

/** What the arguments of an entry mean where a client starts it: in the top folder, with few variables. */
async function understand(entry: Entry, host: Host): Promise<OwnEntry> {
  const args = entry.launch?.args ?? [];
  // From source, the runtime's own arguments stand before the script.
  const script = args.findIndex((arg) => /[/\\]main\.ts$/.test(arg));
  const rest = args.slice(script + 1);
  const env = { ...thinEnvironment(host), ...entry.launch?.env };
  const cwd = host.platform === "win32" ? "C:\\" : "/";
  const faults: string[] = [];
  try {
    const flags = rest[0] === "serve" ? rest.slice(1) : rest;
    const tolerate = (fault: string) => void faults.push(fault);
    const line = await loadConfig(flags, FOLDER_FLAGS, { ...host, env, cwd }, tolerate);
    return { entry, line, fault: faults[0] };
  } catch (error) {
    return { entry, line: undefined, fault: errorText(error) };
  }
}
