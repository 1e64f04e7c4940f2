import { test } from "node:test";
import assert from "node:assert/strict";
import { databaseAnywhere, readDatabase } from "../../lib/config/databases.ts";
import { loadConfig } from "../../lib/config.ts";
import type { Host } from "../../lib/config/host.ts";
import { missingVariables } from "../../lib/config/variables.ts";
import { cell } from "../../lib/database/cells.ts";
import { checkStatement } from "../../lib/database/guard.ts";
import { isEmpty, numbered, partsOf } from "../../lib/database/lexer.ts";
import { createDatabases } from "../../lib/database/databases.ts";
import { ToolError, UsageError } from "../../lib/errors.ts";

const HOST: Host = {
  platform: "linux",
  env: { USER: "ada", PW: "p@ss:w/rd%" },
  home: "/home/ada",
  cwd: "/home/ada/work",
};
const SOURCE = { label: "--database", base: "/home/ada/work", host: HOST };

test("readDatabase reads files, addresses and who only reads", () => {
  assert.deepEqual(readDatabase("shop=data/shop.db", SOURCE), {
    name: "shop",
    readOnly: false,
    kind: "SQLite",
    path: "/home/ada/work/data/shop.db",
  });
  assert.deepEqual(readDatabase(" a-1 = ~/x y.db:ro", SOURCE), {
    name: "a-1",
    readOnly: true,
    kind: "SQLite",
    path: "/home/ada/x y.db",
  });
  const common = { name: "crm", kind: "PostgreSQL" } as const;
  assert.deepEqual(readDatabase("crm=postgres://bob:${PW}@db.example.com:5433/sales:ro", SOURCE), {
    ...common,
    readOnly: true,
    host: "db.example.com",
    port: 5433,
    user: "bob",
    password: "p@ss:w/rd%",
    bare: false,
    database: "sales",
    tls: "prefer",
  });
  assert.deepEqual(readDatabase("crm=postgresql://localhost", SOURCE), {
    ...common,
    readOnly: false,
    host: "localhost",
    port: 5432,
    user: "ada",
    password: undefined,
    bare: false,
    database: "ada",
    tls: "disable",
  });
  const socket = readDatabase("crm=postgres:///sales?host=/run/pg&port=5433&user=bob", SOURCE);
  assert.ok(socket.kind === "PostgreSQL");
  assert.deepEqual([socket.host, socket.port, socket.user, socket.database], [
    "/run/pg",
    5433,
    "bob",
    "sales",
  ]);
  const six = readDatabase("crm=postgres://b:plain@[::2]/s?sslmode=verify-full", SOURCE);
  assert.ok(six.kind === "PostgreSQL");
  assert.deepEqual([six.host, six.tls, six.bare], ["::2", "verify-full", true]);
});

test("readDatabase refuses with what would be right, and never repeats a password", () => {
  const cases: [string, RegExp][] = [
    ["/data/shop.db", /^--database: a database needs a name of letters.*\nWrite "shop=/],
    ["=x", /needs a name/],
    ["a b=x", /needs a name/],
    ["shop=", /"shop" is empty/],
    [
      "shop=mysql://h3mlig@x/y",
      /another kind \(mysql:\)\nClawhammer reads files of SQLite and servers of Postg/,
    ],
    ["shop=postgres://u:h3mlig@host:99999999/x", /is no address/],
    ["shop=postgres://u:h3mlig@host/x?options=-c", /has "options" in it/],
    ["shop=postgres://u:h3mlig@host/x?sslmode=off", /unknown sslmode; there are disable, prefer/],
    ["shop=postgres://u:h3mlig%zz@host/x", /a % that stands for nothing/],
  ];
  for (const [text, expected] of cases) {
    assert.throws(() => readDatabase(text, SOURCE), (error) => {
      assert.ok(error instanceof UsageError, text);
      assert.match(error.message, expected);
      assert.ok(!error.message.includes("h3mlig"), error.message);
      return true;
    });
  }
});

test("a variable that is not set is remembered, and stops nothing but its own database", async () => {
  for (
    const text of ["postgres://u:${GONE}@host/x", "postgres://u@h:${GONE}/${PW}", "postgres://${GONE}@h/x"]
  ) {
    const read = readDatabase(`shop=${text}`, SOURCE);
    assert.ok(read.kind === "PostgreSQL" && read.missing === "GONE", text);
  }
  assert.equal(readDatabase("shop=postgres://u:${PW}@host/x", SOURCE).missing, undefined);
  const { config } = await loadConfig(["--database", "crm=postgres://u:${GONE}@h/x"], [], HOST);
  assert.deepEqual(missingVariables(config), ["GONE"]);
  const databases = createDatabases({
    configs: config.databases,
    host: HOST,
    workers: () => Promise.reject(new Error("nothing is started")),
    own: [],
  });
  await assert.rejects(databases.tables("crm", AbortSignal.timeout(5_000)), (error) => {
    assert.ok(error instanceof ToolError);
    assert.match(
      error.message,
      /^Cannot connect to database "crm": the environment variable GONE is not set$/,
    );
    return true;
  });
});

test("loadConfig takes databases from flags, variables and the file, each name once", async () => {
  const load = async (args: string[], env: Record<string, string> = {}) =>
    (await loadConfig(args, [], { ...HOST, env })).config.databases.map((
      { name, readOnly },
    ) => [name, readOnly]);
  const both = [["a", false], ["b", true]];
  assert.deepEqual(await load(["--database", "a=/a;b.db", "--database", "b=/b.db:ro"]), both);
  const text = "a=/a;b.db; b=postgres://u@h/x:ro";
  assert.deepEqual(await load([], { CLAWHAMMER_DATABASE: text }), both);
  assert.deepEqual(await load(["--database", "a=${user_config.place}"]), []);
  await assert.rejects(load(["--database", "a=/1", "--database", "A=/2"]), /two databases are called "A"/);
});

test("databaseAnywhere keeps variables as they are written, and makes paths absolute", () => {
  const bare = { ...SOURCE, host: { ...HOST, env: {} } };
  assert.equal(databaseAnywhere("shop=data/shop.db:ro", bare), "shop=/home/ada/work/data/shop.db:ro");
  const text = "crm=postgres://bob:${PW}@db.example.com/sales:ro";
  assert.equal(databaseAnywhere(text, bare), text);
});

test("partsOf tells code from what is quoted or a comment, and loses nothing", () => {
  const sql = `SELECT :a, 'x:b''', E'\\':c', "d:e", \`f:g\`, h::text, i := 1, 10:11, /* :j /* :k */ :l */ ` +
    "$$ :m $$, $t$ :n $$ $t$, $1 -- :o\n, :p_1, U&'\\0041:q', ':r";
  assert.equal(partsOf(sql).map(({ text }) => text).join(""), sql);
  assert.deepEqual(numbered(sql, "?").names, ["a", "p_1"]);
  assert.equal(numbered("a = :x OR b = :y OR c = :x", "$").sql, "a = $1 OR b = $2 OR c = $1");
  for (const open of ["'", '"', "`", "/*", "$x$", "E'\\", "U&'", 'U&"', "--", ":", "$", "\u{1f600}", ""]) {
    const text = `SELECT ${open} :z`;
    assert.equal(partsOf(text).map((part) => part.text).join(""), text);
  }
  assert.ok(isEmpty(" ;; -- x\n /* y */ "));
  assert.ok(!isEmpty("-- x\n1"));
});

test("partsOf needs time in line with the length of what it reads", () => {
  for (const piece of ["'", '"', "/*", "*/", "$$", "$a$", "''", "E'\\", "--", "a:", "::", "((", "\u0301"]) {
    const sql = piece.repeat(100_000 / piece.length);
    assert.equal(partsOf(sql).reduce((sum, { text }) => sum + text.length, 0), sql.length);
  }
});

test("checkStatement knows what it refuses by more than its looks", () => {
  const refused: [string, boolean][] = [
    ["/* SELECT */ DELETE FROM a", true],
    ["-- SELECT\nDELETE FROM a", true],
    ["(DELETE FROM a)", true],
    ["sElEcT PG_READ_FILE('x')", true],
    ["SELECT pg_catalog . pg_read_file ('x')", true],
    ['SELECT "pg_read_file"(1)', true],
    ["SELECT 'a''; ', lo_export(1, 'x')", true],
    ["SELECT --\rpg_read_file('x')", true],
    ["--\rCOPY (SELECT 1) TO PROGRAM 'x' /*\nSELECT */", true],
    ["SELECT E'a'\n'\\' , ', pg_read_file('x') --'", true],
    ["SELECT E'a' -- b\n'\\' , ', pg_read_file('x') --'", true],
    ["SELECT (ARRAY['a'])[1:pg_read_file('x')::int]", true],
    ["SELECT `pg_read_file('x')", true],
    ["SELECT 1e$b$, pg_read_file('x') --$b$", true],
    ["SELECT ts_rewrite('a', 'SELECT 1')", true],
    ["SELECT pg_stat_reset()", true],
    ["; ; COMMIT", false],
    ["ALTER /* x */ SYSTEM SET a = 1", false],
    ["CREATE OR REPLACE PROCEDURAL LANGUAGE x", false],
    ["create user mapping for x server y", false],
    ["DO $$ $$", false],
  ];
  for (const [sql, reads] of refused) {
    assert.throws(() => checkStatement(sql, reads), { name: "ToolError" }, sql);
  }
  const fine: [string, boolean][] = [
    ["SELECT 'pg_read_file(1)', 'COMMIT; DROP TABLE x' -- lo_import", true],
    ["((TABLE a)) UNION (VALUES (1))", true],
    ["with a as (select 1) select * from a", true],
    ["EXPLAIN SELECT 1", true],
    ["SELECT E'a\\'b', 'c', list[1:2], 1e5, 0x1F, 1_000, $1 FROM pg_replication_slots -- it's\r", true],
    ['SELECT "commit", backup FROM "pg_read_file_log"', true],
    ["CREATE USER bob", false],
    ["CREATE TABLE language (x int)", false],
    ["UPDATE a SET system = 1", false],
  ];
  for (const [sql, reads] of fine) assert.doesNotThrow(() => checkStatement(sql, reads), sql);
});

test("cell shows a value in one line that cannot be taken for another", () => {
  assert.deepEqual(
    [null, 5n, -9223372036854775808n, 5, 0.1, 1e300, -Infinity, new Uint8Array(1234)].map(cell),
    ["NULL", "5", "-9223372036854775808", "5.0", "0.1", "1e+300", "-Infinity", "[blob, 1.2 kB]"],
  );
  assert.deepEqual(
    ["a b", "", " a", "null", "[blob, 3 B]", '"', "a|b", "a\r\nb", "\u202ea\0\u200b", "é😀"].map(cell),
    [
      "a b",
      '""',
      '" a"',
      '"null"',
      '"[blob, 3 B]"',
      '"\\""',
      '"a|b"',
      '"a\\r\\nb"',
      "\\u202ea\\u0000\\u200b",
      "é😀",
    ],
  );
});
