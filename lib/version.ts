/**
 * The name and version of the program, from `package.json`: the one place where they are written.
 * @module
 */
import manifest from "../package.json" with { type: "json" };

/** `clawhammer` */
export const name: string = manifest.name;
/** `1.2.3` (semver.org) */
export const version: string = manifest.version;
