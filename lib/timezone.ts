/**
 * What people call a time zone: IANA names, Windows names, cities, countries, abbreviations and offsets.
 * @module
 */
import { ToolError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { ABBREVIATIONS, AMBIGUOUS, PLACES, RENAMED_ZONES, WINDOWS_ZONES } from "./zones.ts";

/** A zone and what the caller called it. */
export interface Zone {
  /** IANA name or offset. */
  readonly id: string;
  readonly asked: string;
  /** The offset an abbreviation literally stands for, such as "-05:00" for EST. */
  readonly literal?: string;
}

/** The machine's zone, and what is wrong with it. */
export interface Machine {
  readonly zone: Zone;
  readonly problem?: string;
}

/**
 * Reads names of zones; made per call, because its index of names is built at the first one that needs it.
 */
export interface ZoneReader {
  readonly machine: Machine;
  /** The zone a name means. @throws {ToolError} when it is not of one zone, with the nearest names. */
  resolve(asked: string): Zone;
}

/**
 * A reader of zone names on a machine whose zone is called `machineName`. When the system reports no name
 * that can be used, as in some containers, the machine's zone is UTC.
 */
export function zoneReader(machineName: string | undefined): ZoneReader {
  let index: ReadonlyMap<string, string> | undefined;
  const names = () => index ??= zoneNames();
  const machine = machineZone(machineName, names);
  return {
    machine,
    resolve: (asked) => /^(local|here)$/i.test(asked.trim()) ? machine.zone : resolveZone(asked, names),
  };
}

function machineZone(name: string | undefined, names: () => ReadonlyMap<string, string>): Machine {
  try {
    return { zone: resolveZone(name ?? "", names) };
  } catch {
    const what = `This machine reports no usable time zone ("${name ?? ""}")`;
    return { zone: { id: "UTC", asked: "UTC" }, problem: `${what}: UTC is shown. Name yours in "zone".` };
  }
}

function resolveZone(asked: string, names: () => ReadonlyMap<string, string>): Zone {
  const name = asked.trim();
  const written = name.includes("/") ? ianaName(name) : undefined;
  if (written !== undefined) return { id: RENAMED_ZONES[written] ?? written, asked };
  const offset = /^(?:UTC|GMT)?\s*([+\-\u2212])(\d{1,2})(?::?([0-5]\d))?$/i.exec(name);
  if (offset !== null && Number(offset[2]) < 24) {
    const sign = offset[1] === "+" ? "+" : "-";
    return { id: `${sign}${(offset[2] ?? "").padStart(2, "0")}:${offset[3] ?? "00"}`, asked };
  }
  if (/^Z$/i.test(name)) return { id: "UTC", asked };
  const folded = fold(name);
  const [zone, literal] = lookUp(ABBREVIATIONS, folded) ?? [];
  if (zone !== undefined && literal !== undefined) return { id: zone, asked, literal };
  const candidates = lookUp(AMBIGUOUS, folded);
  if (candidates !== undefined) {
    throw new ToolError(
      `Time zone "${asked}" means several zones`,
      `Give one of them: ${candidates.join(", ")}.`,
    );
  }
  const standard = folded.replace(/\b(daylight|summer) time\b/, "standard time");
  const spellings = [folded, standard, standard.replace(/\btime\b/, "standard time")];
  const known = spellings.map((spelling) => names().get(spelling)).find((id) => id !== undefined);
  const id = known ?? ianaName(name);
  if (id === undefined) throw unknownZone(asked, folded, names());
  return { id, asked };
}

/** The folded names of all zones, places and Windows zones, each with its IANA name. */
function zoneNames(): Map<string, string> {
  const names = new Map<string, string>();
  for (const [name, id] of Object.entries(WINDOWS_ZONES)) names.set(fold(name), id);
  for (const [id, places] of Object.entries(PLACES)) {
    for (const place of places.split(", ")) names.set(fold(place), id);
  }
  const renamed = Object.entries(RENAMED_ZONES).flat();
  for (const id of [...Intl.supportedValuesOf("timeZone"), ...renamed]) {
    const current = RENAMED_ZONES[id] ?? id;
    names.set(fold(id), current);
    names.set(fold(id.slice(id.lastIndexOf("/") + 1)), current);
  }
  return names;
}

/** A name without what people type differently: case, accents, dots, underscores. */
function fold(name: string): string {
  const plain = name.toLowerCase().replace(/[.'’]/g, "").replace(/[\s_-]+/g, " ").trim();
  if (/^[ -~]*$/.test(plain)) return plain;
  return plain.normalize("NFD").replace(/\p{M}/gu, "").replaceAll("ø", "o").replaceAll("ł", "l")
    .replaceAll("ß", "ss").replaceAll("ı", "i");
}

function lookUp<T>(table: Readonly<Record<string, T>>, folded: string): T | undefined {
  return Object.entries(table).find(([name]) => fold(name) === folded)?.[1];
}

/**
 * Names that `Intl` does not list although the IANA database has them, such as "US/Pacific" and "Etc/GMT+3".
 */
function ianaName(name: string): string | undefined {
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    return new Temporal.ZonedDateTime(0n, name.replaceAll(" ", "_")).timeZoneId;
  } catch {
    return undefined;
  }
}

function unknownZone(asked: string, folded: string, names: ReadonlyMap<string, string>): ToolError {
  const near = new Map<string, string>();
  for (const name of nearest(folded, names.keys(), 6)) {
    const id = names.get(name) ?? name;
    if (!near.has(id)) near.set(id, namesZone({ id, asked: name }) ? id : `${id} ("${name}")`);
  }
  const advice = near.size === 0 ? "" : `Nearest: ${[...near.values()].slice(0, 3).join(", ")}. `;
  const forms = '"Europe/Berlin", "Pacific Standard Time", "Tokyo" or "+05:45"';
  return new ToolError(
    `Unknown time zone "${asked}"`,
    `${advice}Give an IANA name, Windows name, city or offset: ${forms}.`,
  );
}

/**
 * Whether the caller's word for a zone is (the end of) its IANA name, so that a reply need not explain it.
 */
export function namesZone(zone: Zone): boolean {
  return fold(zone.id).endsWith(fold(zone.asked));
}

/**
 * Names of zones and places that begin with what has been typed, for completion; IANA names first. At most
 * `count`.
 */
export function completeZone(typed: string, count: number): string[] {
  const start = fold(typed);
  const places = Object.values(PLACES).flatMap((list) => list.split(", "));
  const ids = Intl.supportedValuesOf("timeZone").map((id) => RENAMED_ZONES[id] ?? id);
  const begins = (name: string) =>
    fold(name).startsWith(start) || fold(name.slice(name.lastIndexOf("/") + 1)).startsWith(start);
  return [...new Set([...ids, ...places, ...Object.keys(WINDOWS_ZONES)])].filter(begins).slice(0, count);
}
