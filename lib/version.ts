/**
 * The name and version of the program, from `package.json`: the one place where they are written.
 * @module
 */
import { product } from "./product.ts";
import manifest from "../package.json" with { type: "json" };

/** `clawhammer`, or the name of the server that was built with it. */
export const name: string = product?.name ?? manifest.name;
/** `1.2.3` (semver.org) */
export const version: string = product?.version ?? manifest.version;
/** What a server of somebody's own was built with: `Clawhammer 1.2.3`; undefined in Clawhammer itself. */
export const builtWith: string | undefined = product && `Clawhammer ${manifest.version}`;
/** What people read: `Clawhammer`, or the name of the server that was built with it. */
export const title: string = product?.name ?? "Clawhammer";
/** What it is, in a sentence. */
export const description: string = product === undefined
  ? manifest.description
  : `A server of its own tools, built with Clawhammer ${manifest.version}.`;
/** The licence, by its SPDX identifier. */
export const license: string = manifest.license;
/** Who made it. */
export const author: string = product === undefined ? manifest.author : `The author of ${product.name}`;
/**
 * The address of the sources, which is also where releases are; undefined until a maintainer has put the real
 * one into `package.json`.
 */
export const repository: string | undefined =
  product !== undefined || manifest.repository.url.includes("OWNER")
    ? undefined
    : manifest.repository.url.replace(/\.git$/, "");
