/**
 * What worker processes there are: a name for each, and how to get at its code, so that no worker loads
 * another's.
 * @module
 */
import type { Kind } from "./serve.ts";

/** The handlers of a kind; undefined when there is no such kind. */
export const KINDS: Readonly<Record<string, () => Promise<Kind>>> = {
  database: async () => (await import("../database/worker.ts")).database,
  document: async () => (await import("../documents/worker.ts")).documents,
  page: async () => (await import("../web/worker.ts")).page,
  "user-tools": async () => (await import("../user/worker.ts")).userTools,
};
