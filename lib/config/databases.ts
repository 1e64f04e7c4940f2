/**
 * How a database is written in the configuration: `NAME=PATH` or `NAME=postgres://…`, with `:ro` behind it
 * for one that is only read.
 * @module
 */
import { UsageError } from "../errors.ts";
import { resolvePath, type Source } from "./host.ts";
import { fillVariables } from "./variables.ts";

/** A database that the person has named. */
export type DatabaseConfig = SqliteConfig | PostgresConfig;

interface Named {
  /** What tools call it. */
  readonly name: string;
  readonly readOnly: boolean;
  /** A variable it needs that is not set: until then it cannot be opened. */
  readonly missing?: string | undefined;
}

/** A file of SQLite. */
export interface SqliteConfig extends Named {
  readonly kind: "SQLite";
  readonly path: string;
}

/** A database of a PostgreSQL server. */
export interface PostgresConfig extends Named {
  readonly kind: "PostgreSQL";
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Undefined: looked up in the password file, as PostgreSQL's own programs do. */
  readonly password: string | undefined;
  /** Whether the password stands in the configuration as it is. */
  readonly bare: boolean;
  readonly database: string;
  readonly tls: Tls;
}

/** How the connection is encrypted, by the words of PostgreSQL's own `sslmode`. */
const TLS = ["disable", "prefer", "require", "verify-full"] as const;
export type Tls = typeof TLS[number];

const HOW =
  'Write "shop=/data/shop.db", "shop=postgres://user@host/database", or either with ":ro" behind it';

/**
 * Reads one database.
 * @throws {UsageError} that never repeats a password.
 */
export function readDatabase(text: string, source: Source): DatabaseConfig {
  const { label } = source;
  const [, name = "", rest = ""] = /^\s*([^=\s]*)\s*=\s*(.*?)\s*$/s.exec(text) ?? [];
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,39}$/.test(name)) {
    throw new UsageError(
      `${label}: a database needs a name of letters, digits, _ and -, at most 40\n${HOW}`,
    );
  }
  const readOnly = rest.endsWith(":ro");
  const place = readOnly ? rest.slice(0, -3) : rest;
  const [, scheme] = /^([A-Za-z][A-Za-z0-9+.-]+):\/\//.exec(place) ?? [];
  if (scheme === undefined) {
    const path = resolvePath(place, { ...source, label: `${label} "${name}"` });
    return { name, readOnly, kind: "SQLite", path };
  }
  if (!/^postgres(ql)?$/i.test(scheme)) {
    throw new UsageError(
      `${label}: "${name}" is a database of another kind (${scheme}:)\n` +
        "Clawhammer reads files of SQLite and servers of PostgreSQL",
    );
  }
  return { name, readOnly, kind: "PostgreSQL", ...readAddress(place, name, source) };
}

/** The same text wherever it is read: with an absolute path, and variables left as they are written. */
export function databaseAnywhere(text: string, source: Source): string {
  const database = readDatabase(text, { ...source, host: { ...source.host, env: anything } });
  if (database.kind === "PostgreSQL") return text.trim();
  return `${database.name}=${database.path}${database.readOnly ? ":ro" : ""}`;
}

/** Every variable is set: what it is set to matters only where the server runs. */
const anything: Readonly<Record<string, string>> = new Proxy({}, { get: () => "1" });

/**
 * The parts of a connection URI (PostgreSQL, "Connection URIs"). `${NAME}` is the environment variable of
 * this name, so that no password has to stand in a file or an argument.
 */
function readAddress(text: string, name: string, { label, host }: Source) {
  const { text: filled, missing } = fillVariables(text, host.env, encodeURIComponent);
  const fail = (what: string): never => {
    throw new UsageError(`${label}: the address of "${name}" ${what}\n${HOW}`);
  };
  const url = URL.parse(filled) ?? fail("is no address");
  const options = new Map(url.searchParams);
  const unknown = [...options.keys()].find((key) => !["host", "port", "user", "sslmode"].includes(key));
  if (unknown !== undefined) fail(`has "${unknown}" in it; it takes host, port, user and sslmode`);
  const server = decoded(url.hostname).replace(/^\[|\]$/g, "") || (options.get("host") ?? "localhost");
  const tls = TLS.find((mode) =>
    mode === (options.get("sslmode") ?? (isNear(server) ? "disable" : "prefer"))
  );
  if (tls === undefined) return fail(`has an unknown sslmode; there are ${TLS.join(", ")}`);
  const port = Number(url.port || options.get("port") || 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) fail("has a port that is none");
  const bare = /:\/\/[^/@]*:(?!\$\{\w+\}@)[^/@]+@/.test(text);
  const user = decoded(url.username) || options.get("user") || (host.env.USER ?? host.env.USERNAME);
  if (user === undefined) return fail("names no user");
  const database = decoded(url.pathname.slice(1)) || user;
  const password = decoded(url.password) || undefined;
  return { host: server, port, user, password, bare, database, tls, ...(missing && { missing }) };

  function decoded(part: string): string {
    try {
      return decodeURIComponent(part);
    } catch {
      return fail("has a % that stands for nothing; write it as %25");
    }
  }
}

/** Whether the way there leaves this machine for nobody to listen on. */
function isNear(server: string): boolean {
  return server.startsWith("/") || /^(localhost|127(\.\d+){3}|::1)$/i.test(server);
}
