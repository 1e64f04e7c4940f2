/**
 * The tables of a PostgreSQL database, from its catalogue.
 * @module
 */
import type { PostgresConfig } from "../config/databases.ts";
import { SQL_TABLES_MAX } from "../limits.ts";
import { cell } from "./cells.ts";
import { type Session, withSession } from "./postgres.ts";
import { unknownTable } from "./statement.ts";
import type { Table, Tables } from "./types.ts";

/** Relations that hold rows, of the schemas a person made; what may not be read is not named. */
const LIST = `
  SELECT CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END AS name,
    CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
      ELSE 'table' END AS kind,
    c.reltuples::bigint::text AS count, c.oid::text AS oid,
    (SELECT coalesce(json_agg(a.attname ORDER BY a.attnum), '[]')::text FROM pg_attribute AS a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
  ORDER BY n.nspname <> 'public', 1`;

type Row = Readonly<Record<string, string | null>>;

/** The tables with their columns, and how many rows the server takes them to have. */
export async function tables(config: PostgresConfig, signal: AbortSignal): Promise<Tables> {
  return await withSession(config, false, signal, async (session) => {
    const rows = await ask(session, LIST);
    const list = rows.slice(0, SQL_TABLES_MAX).map(({ name, kind, count, columns }): Table => ({
      name: cell(name ?? ""),
      kind: kind ?? "",
      columns: (JSON.parse(columns ?? "[]") as string[]).map((column) => cell(column)), // Made above.
      // -1 and 0 mean that nobody has counted yet.
      count: kind === "view" || Number(count) <= 0 ? undefined : Number(count),
      estimated: true,
    }));
    return { version: session.version, tables: list, total: rows.length, notes: session.notes };
  });
}

/** A table as the statements that would make it, as far as a reader needs them. */
export async function describe(config: PostgresConfig, table: string, signal: AbortSignal): Promise<string> {
  return await withSession(config, false, signal, async (session) => {
    const all = await ask(session, LIST);
    const wanted = table.replace(/^public\./, "");
    const found = all.find(({ name }) => name === wanted) ??
      all.find(({ name }) => name?.toLowerCase() === wanted.toLowerCase());
    if (found === undefined) throw unknownTable(config.name, table, all.map(({ name }) => name ?? ""));
    const { oid = "0" } = found;
    const columns = await ask(session, COLUMNS, oid);
    const keys = await ask(session, KEYS, oid);
    const indexes = await ask(session, INDEXES, oid);
    const lines = [...columns, ...keys].map(({ line }) => `  ${line}`).join(",\n");
    const [comment, view] = [columns[0]?.comment, columns[0]?.view];
    return [
      ...(comment === null || comment === undefined ? [] : [`-- ${comment.replace(/\s+/g, " ")}`]),
      `CREATE ${found.kind?.toUpperCase()} ${found.name} (\n${lines}\n)${view ? ` AS\n${view}` : ";"}`,
      ...indexes.map(({ line }) => `${line};`),
    ].join("\n");
  });
}

const COLUMNS = `
  SELECT quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
      || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
      || CASE WHEN a.attidentity <> '' THEN ' GENERATED AS IDENTITY'
        WHEN a.attgenerated <> '' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ')'
        WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END
      || coalesce(' /* ' || col_description(a.attrelid, a.attnum) || ' */', '') AS line,
    obj_description(a.attrelid, 'pg_class') AS comment,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true) END AS view
  FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;

const KEYS = `
  SELECT pg_get_constraintdef(oid) AS line FROM pg_constraint
  WHERE conrelid = $1::oid AND contype IN ('p', 'f', 'u', 'c') ORDER BY contype <> 'p', conname`;

/** Those that a key brings with it stand there already. */
const INDEXES = `
  SELECT pg_get_indexdef(i.indexrelid) AS line FROM pg_index AS i
  WHERE i.indrelid = $1::oid AND NOT EXISTS
    (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid) ORDER BY 1`;

async function ask({ sql }: Session, text: string, ...values: (string | null)[]): Promise<readonly Row[]> {
  return await sql.unsafe<Row[]>(text, values, { prepare: false });
}
