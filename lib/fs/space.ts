/**
 * What every operation of the file layer needs to know: which folders are allowed, what is protected inside
 * them, and how this platform verifies a descriptor.
 * @module
 */
import type { CopyAttributes } from "./attributes.ts";
import type { Guard } from "./guard.ts";
import type { Platform } from "./platform.ts";
import type { Root } from "./types.ts";

/** The surroundings of the file layer. The allowed folders may be narrowed while it lives, never widened. */
export interface Space {
  readonly roots: readonly Root[];
  readonly guard: Guard;
  readonly platform: Platform;
  readonly copyAttributes: CopyAttributes;
  /**
   * Runs the last step of a change, which must not wait for anything, while no other process of ours does
   * such a step: what it has just looked at is still true when it acts.
   */
  alone<T>(work: () => T): Promise<T>;
}
