/**
 * Secrets in addresses that are shown while something is fetched or pushed.
 * @module
 */
export { redact } from "../redact.ts";
