/**
 * The environments of commands, made once for each repository as long as its settings are the same: putting
 * a hundred variables together takes as long as a tenth of a command.
 * @module
 */
import type { Host } from "../config/host.ts";
import { neutralEnvironment, neutralSettings, settingsEnvironment } from "./neutral.ts";
import type { Command, Setting } from "./types.ts";

/** An environment. */
type Environment = Readonly<Record<string, string>>;

/**
 * Gives the environment of each command in one repository: the neutral one, what all of them add (`own`), and
 * what the command adds.
 */
export type Surroundings = (
  settings: readonly Setting[],
  own: Environment,
  searchPath: string,
) => (command: Command) => Environment;

/** Makes the surroundings of one host. Settings are told apart as objects: read again, they are others. */
export function createSurroundings(host: Host): Surroundings {
  const kept = new WeakMap<readonly Setting[], { readonly made: string; readonly env: Environment }>();
  return (settings, own, searchPath) => {
    const made = JSON.stringify([own, searchPath]);
    const known = kept.get(settings);
    const pairs = () => neutralSettings(settings, host);
    const env = known?.made === made
      ? known.env
      : { ...neutralEnvironment(host, searchPath, pairs()), ...own };
    kept.set(settings, { made, env });
    return (command) => {
      const { config } = command;
      if (config === undefined && command.env === undefined) return env;
      const more = config === undefined ? {} : settingsEnvironment([...pairs(), ...config]);
      const all = Object.entries({ ...env, ...more, ...command.env });
      return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
    };
  };
}
