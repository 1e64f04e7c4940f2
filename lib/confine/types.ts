/**
 * What a confined thread is told, and what it says.
 * @module
 */

/** A program to run. */
export interface Order {
  readonly program: string;
  readonly args: readonly string[];
  /** A path that leads to the folder that it is started in: the only one that it can list and read. */
  readonly folder: string;
}

/** What the thread says, in this order; after the last three it says no more. */
export type Word =
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "output" | "errors"; readonly bytes: Uint8Array }
  | { readonly kind: "ended"; readonly status: number | null; readonly killedBy: string | null }
  | { readonly kind: "failed"; readonly why: string; readonly code: string | undefined }
  | { readonly kind: "unconfined"; readonly why: string };
