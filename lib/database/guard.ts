/**
 * What PostgreSQL is not even asked. This is a guardrail: it sees words, not what they do in the end. The
 * boundary is the rights of the role that the person has named (docs/security.md).
 * @module
 */
import { ToolError } from "../errors.ts";
import { type Part, partsOf } from "./lexer.ts";

/** How a statement begins that only reads. Everything else changes something, or the session. */
const READING: ReadonlySet<string> = new Set(["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN"]);

/** Words, of which a statement of change begins with none: the session, programs, code of other kinds. */
const NEVER: ReadonlySet<string> = new Set(
  ("ABORT BEGIN CHECKPOINT CLOSE COMMIT COPY DEALLOCATE DECLARE DISCARD DO END EXECUTE FETCH LISTEN LOAD " +
    "MOVE NOTIFY PREPARE RELEASE RESET ROLLBACK SAVEPOINT SECURITY SET START UNLISTEN").split(" "),
);

/** Statements that let other things in, by their first words. */
const OPENING = new RegExp(
  "^(?:ALTER SYSTEM|(?:CREATE|ALTER|IMPORT)(?: OR REPLACE)?(?: TRUSTED| PROCEDURAL)*" +
    " (?:EXTENSION|LANGUAGE|SERVER|SUBSCRIPTION|FOREIGN|USER MAPPING|TABLESPACE|EVENT TRIGGER))\\b",
);

/**
 * Functions that reach files, programs, other servers or the server itself, change what no transaction takes
 * back, or run a text as a statement; and where the server keeps passwords.
 */
const REACHING = new RegExp(
  "^(?:pg_read_(?:binary_)?file|pg_ls_\\w+|pg_stat_file|pg_file_\\w+|lo_(?:im|ex)port|dblink\\w*|" +
    "pg_(?:cancel|terminate)_backend|pg_(?:reload_conf|rotate_logfile\\w*|promote|switch_wal|logdir_ls)|" +
    "pg_(?:start_|stop_)?backup\\w*|pg_create_\\w+|pg_drop_replication\\w*|pg_logical_\\w+|pg_notify|" +
    "set_config|(?:query|cursor|table|schema|database)_to_xml\\w*|ts_stat|ts_rewrite|xpath_table|" +
    "crosstab\\w*|pg_stat_\\w*reset\\w*|pg_replication_(?:origin_\\w+|slot_advance)|" +
    "pg_copy_\\w+_slot|pg_wal_replay_\\w+|http_(?:get|post|put|patch|delete|head)|" +
    "postgres_fdw\\w*|adminpack\\w*|pg_(?:authid|shadow|user_mappings?|subscription|hba_file_rules))$",
  "i",
);

/**
 * Refuses what a statement has no business with.
 * @param reads Whether it must only read.
 * @throws {ToolError}
 */
export function checkStatement(sql: string, reads: boolean): void {
  const parts = partsOf(sql).filter(({ kind, text }) => kind !== "comment" && text.trim() !== "");
  const words = parts.map(({ kind, text }) => kind === "word" ? text.toUpperCase() : text);
  const first = words.find((word) => word !== "(" && word !== ";");
  if (first === undefined) throw new ToolError("There is no statement in it", "Give one: SELECT * FROM …");
  if (reads && !READING.has(first)) {
    throw new ToolError(
      `query_database only reads, and this begins with "${first.slice(0, 30)}"`,
      `It takes ${[...READING].join(", ")}. To change something use change_database.`,
    );
  }
  if (NEVER.has(first) || OPENING.test(words.slice(0, 5).join(" "))) {
    throw new ToolError(
      `Not possible here: ${words.slice(0, 3).join(" ").slice(0, 60)}`,
      "Each statement runs in a transaction and a session of its own, without files, programs and other " +
        "servers. The person can do that with psql.",
    );
  }
  for (const [i, { kind, text }] of parts.entries()) {
    refuseDoubtful(kind, text, parts[i + 1]);
    // After a colon there can be a name, too: `list[1:length]`.
    const name = kind === "name" || kind === "parameter" || kind === "word"
      ? text.replace(/^[":]|"$/g, "")
      : "";
    if (!REACHING.test(name)) continue;
    throw new ToolError(
      `"${name}" is not possible here: it reaches beyond the tables of the database`,
      "The person can call it with psql.",
    );
  }
}

/** Refuses what servers, or some of them, take apart in another way: what is quoted here is not there. */
function refuseDoubtful(kind: Part["kind"], text: string, next: Part | undefined): void {
  if (kind === "name" && /^u&/i.test(text)) {
    throw new ToolError('Names written as U&"…" are not taken', 'Write the name itself: "…".');
  }
  if (kind === "name" && text.startsWith("`")) {
    throw new ToolError("PostgreSQL has no names between `…`", 'Write names between double quotes: "…".');
  }
  if (kind === "string" && /^e/i.test(text) && next?.kind === "string") {
    throw new ToolError("A text E'…' that goes on in the next line is not taken", "Write it in one piece.");
  }
  if (kind === "other" && /^[0-9].*\$/s.test(text)) {
    throw new ToolError(
      "A number that goes over into something else is not taken",
      "Write a space behind it.",
    );
  }
}
