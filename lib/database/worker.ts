/**
 * The worker that runs statements: one that never ends, or needs all memory, costs this process alone.
 * @module
 */
import type { DatabaseConfig } from "../config/databases.ts";
import type { Handlers, Kind } from "../worker/serve.ts";
import type { Page, Statement } from "./types.ts";

/** What the server sends; it is our own, and checked there. */
export interface Order {
  readonly database: DatabaseConfig;
  readonly table?: string;
  readonly statement?: Statement;
  readonly page?: Page;
}

/** What such a worker answers. */
export const database: Kind = (): Handlers => ({
  tables: async (order, { signal }) => {
    const { database } = order as Order;
    if (database.kind === "PostgreSQL") {
      return { value: await (await import("./postgres-tables.ts")).tables(database, signal) };
    }
    return { value: (await import("./sqlite-tables.ts")).tables(database) };
  },
  describe: async (order, { signal }) => {
    const { database, table = "" } = order as Order;
    if (database.kind === "PostgreSQL") {
      return { value: await (await import("./postgres-tables.ts")).describe(database, table, signal) };
    }
    return { value: (await import("./sqlite-tables.ts")).describe(database, table) };
  },
  query: async (order, { signal }) => {
    const { database, statement = { sql: "" }, page = { offset: 0, limit: 0 } } = order as Order;
    if (database.kind === "PostgreSQL") {
      return { value: await (await import("./postgres.ts")).query(database, statement, page, signal) };
    }
    return { value: (await import("./sqlite.ts")).query(database, statement, page) };
  },
  change: async (order, { signal }) => {
    const { database, statement = { sql: "" } } = order as Order;
    if (database.kind === "PostgreSQL") {
      return { value: await (await import("./postgres.ts")).change(database, statement, signal) };
    }
    return { value: (await import("./sqlite.ts")).change(database, statement) };
  },
});
