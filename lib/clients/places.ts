/**
 * Where a client's configuration is on this machine.
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import type { Host } from "../config/host.ts";
import type { Client, Disk, Place } from "./types.ts";

/** A place, and whether the client has been there. */
export interface FoundPlace extends Place {
  /** Whether the client's folder is there; false for a client that is not installed or never ran. */
  readonly present: boolean;
}

/** The disk of this machine. */
export const thisDisk: Disk = {
  list(folder) {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  },
  exists: existsSync,
};

/**
 * The places that count: all those the client has been at, or, when there is none, the usual one. Empty when
 * the platform does not say where.
 */
export function placesOf(client: Client, host: Host, disk: Disk = thisDisk): readonly FoundPlace[] {
  const all = client.places(host, disk).map((place) => ({
    ...place,
    present: disk.exists(place.path) || disk.exists(place.sign),
  }));
  const present = all.filter((place) => place.present);
  return present.length > 0 ? present : all.slice(0, 1);
}
