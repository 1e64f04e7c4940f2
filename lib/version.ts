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
