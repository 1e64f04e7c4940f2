/**
 * Values from outside, before anything is known of them.
 * @module
 */

/** Whether a value is an object with members: no list, and not null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
