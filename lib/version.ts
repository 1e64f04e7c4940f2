/**
 * The name and version of the program, from `package.json`: the one place where they are written.
 * @module
 */
import manifest from "../package.json" with { type: "json" };

/** `clawhammer` */
export const name: string = manifest.name;
/** `1.2.3` (semver.org) */
export const version: string = manifest.version;
/** What it is, in a sentence. */
export const description: string = manifest.description;
/** The licence, by its SPDX identifier. */
export const license: string = manifest.license;
/** Who made it. */
export const author: string = manifest.author;
/**
 * The address of the sources, which is also where releases are; undefined until a maintainer has put the real
 * one into `package.json`.
 */
export const repository: string | undefined = manifest.repository.url.includes("OWNER")
  ? undefined
  : manifest.repository.url.replace(/\.git$/, "");
