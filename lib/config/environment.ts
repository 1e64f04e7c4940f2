/**
 * The options an environment sets: `CLAWHAMMER_…` variables.
 * @module
 */
import { UsageError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { Host } from "./host.ts";
import { type Key, KEYS, OPTIONS, readSettings, type Settings, variableOf } from "./options.ts";

/**
 * Reads the variables. An empty one is not given, as is customary. Relative paths are refused: nobody can
 * tell which folder a variable set elsewhere meant.
 * @throws {UsageError} for an unknown `CLAWHAMMER_…` variable or a wrong value.
 */
export function readEnvironment(host: Host): Settings {
  const given = new Map<Key, readonly string[]>();
  for (const [name, value] of Object.entries(host.env)) {
    // Windows keeps the case a variable was set with, and ignores it.
    const variable = host.platform === "win32" ? name.toUpperCase() : name;
    if (!variable.startsWith("CLAWHAMMER_") || value === undefined) continue;
    const key = KEYS.find((candidate) => variableOf(candidate) === variable);
    if (key === undefined) throw unknownVariable(variable);
    const texts = OPTIONS[key].kind.split?.(value, host) ?? (value.trim() === "" ? [] : [value]);
    if (texts.length > 0) given.set(key, texts);
  }
  return readSettings(given, (key) => ({ label: variableOf(key), base: undefined, host }));
}

function unknownVariable(variable: string): UsageError {
  const variables = KEYS.map(variableOf);
  const near = nearest(variable, variables, 1);
  const advice = near.length > 0 ? `Did you mean ${near[0]}?` : `There are ${variables.join(", ")}`;
  return new UsageError(`Unknown environment variable ${variable}\n${advice}`);
}
