/**
 * What this executable was built as: Clawhammer itself, or a server of somebody's own, made by
 * `clawhammer build` of the same sources.
 * @module
 */
import type { FileData } from "./user/types.ts";

/** A server of somebody's own. */
export interface Product {
  readonly name: string;
  readonly version: string;
  /** The built-in modules it has. */
  readonly modules: readonly string[];
  /** Its files of tools. Their texts are embedded; what they define is known without loading them. */
  readonly files: readonly BuiltFile[];
}

/** A file of tools inside of a product. */
export interface BuiltFile {
  readonly file: string;
  readonly fingerprint: string;
  readonly data: FileData;
}

/** What `clawhammer build` puts before this text. It is not defined in Clawhammer itself. */
declare const CLAWHAMMER_PRODUCT: Product;

/** Undefined in Clawhammer itself. */
export const product: Product | undefined = typeof CLAWHAMMER_PRODUCT === "undefined"
  ? undefined
  : CLAWHAMMER_PRODUCT;
