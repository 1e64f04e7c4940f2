/**
 * What a confined thread is told, and what it says.
 * @module
 */

/** What a thread is made for: it keeps the right to list and read this folder and to run this program. */
export interface Bounds {
  readonly program: string;
  /** A path that leads to the folder. */
  readonly folder: string;
}

/** A run, in that folder. */
export interface Order {
  /** Tells what is said about it from what is said about others. */
  readonly run: number;
  readonly args: readonly string[];
}

/** What the thread says: first of itself, then of its runs. */
export type Word =
  | { readonly kind: "confined" }
  | { readonly kind: "unconfined"; readonly why: string }
  | { readonly run: number } & News;

/** News of a run, in this order; the last two end it. */
export type News =
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "output" | "errors"; readonly bytes: Uint8Array }
  | { readonly kind: "ended"; readonly status: number | null; readonly killedBy: string | null }
  | { readonly kind: "failed"; readonly why: string; readonly code: string | undefined };
