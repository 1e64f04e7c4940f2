import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDeclaration } from "../../lib/declared/parse.ts";
import { look, withDatabases } from "../rig/databases.ts";
import { withBench } from "../rig/usertools.ts";

test("a declared query binds its arguments, and reads unless it says otherwise", async () => {
  const argument = (type: string, more: object = {}) => ({ type, description: "An argument", ...more });
  const find = {
    description: "Finds customers of a city",
    database: "shop",
    sql: "SELECT name, ':city' AS t, typeof(:most) AS m FROM people WHERE city = :city " +
      "AND (:old IS NULL OR age > :old) AND active = :active AND age < :most",
    arguments: {
      city: argument("string", { maxLength: 40 }),
      old: argument("integer", { minimum: 0, optional: true }),
      active: argument("boolean", { default: true }),
      most: argument("number", { default: 200.5 }),
    },
  };
  const yaml = [
    "description: Adds a person",
    "effect: add",
    "database: shop",
    "sql: INSERT INTO people VALUES (:name, 'Rome', 1, 1) RETURNING name",
    "arguments:",
    "  name: { type: string, description: Name }",
  ].join("\n");
  const sneaky = { description: "Reads", database: "shop", sql: "WITH x AS (SELECT 1) DELETE FROM people" };
  const people =
    "CREATE TABLE people (name, city, age, active); INSERT INTO people VALUES ('Ada', 'Oslo', 36, 1), " +
    "('Bob', 'Oslo', 20, 1), ('Cid', 'Oslo', 50, 0), ('Dora', ''' OR 1=1 --', 40, 1)";
  const rows = (text: string) =>
    text.split("\n").filter((line) => / \| :city \| /.test(line)).map((line) => line[0]);
  await withDatabases(["shop=DIR/shop.db"], { "shop.db": people }, async ({ dir, databases }) => {
    await withBench(async ({ put, call, user, caller }) => {
      await put({
        "find.tool.json": JSON.stringify(find),
        "hire.tool.yaml": yaml,
        "sneak.tool.json": JSON.stringify(sneaky),
        "lost.tool.json": JSON.stringify({ ...sneaky, database: "none" }),
      });
      assert.deepEqual(rows((await call("find", { city: "Oslo" })).text), ["A", "B"]);
      assert.deepEqual(rows((await call("find", { city: "Oslo", old: 30 })).text), ["A"]);
      assert.deepEqual(rows((await call("find", { city: "Oslo", active: false })).text), ["C"]);
      assert.deepEqual(rows((await call("find", { city: "' OR 1=1 --" })).text), ["D"]);
      assert.match((await call("find", { city: "Nowhere" })).text, /no rows\n[^]*\nColumns: name, t, m\n/);
      for (
        const bad of [{}, { city: "Oslo", old: -1 }, { city: "x".repeat(41) }, { city: "Oslo", more: 1 }]
      ) {
        assert.ok((await call("find", bad)).isError, JSON.stringify(bad));
      }
      assert.match(
        (await call("hire", { name: "'); DROP TABLE people; --" })).text,
        /INSERT, 1 row affected/,
      );
      assert.ok((await call("sneak")).isError);
      assert.match((await call("lost")).text, /There is no database "none"\nThere is shop\./);
      assert.equal(look(`${dir}/shop.db`, "SELECT count(*), max(rowid) FROM people"), "5 5");
      assert.deepEqual(user.problems, []);
      const effects = caller.tools.map(({ name, effect }) => `${name} ${effect}`);
      assert.ok(effects.includes("find read") && effects.includes("hire add"), effects.join());
    }, { databases });
    await withBench(async ({ put, call }) => {
      await put({ "hire.tool.yaml": yaml });
      assert.match((await call("hire", { name: "x" })).text, /this server is read-only/);
    }, { databases, readOnly: true });
  });
});

test("parseDeclaration says what is wrong with a query, and in which line", async () => {
  const base = { description: "Asks", database: "shop", sql: "SELECT :a", arguments: {} };
  const a = { type: "string", description: "An argument" };
  const cases: [object, RegExp, number?][] = [
    [base, /It uses :a, which is none of its arguments/, 4],
    [{ ...base, arguments: { a, b: a } }, /"b" does not stand in the sql/, 10],
    [{ ...base, sql: "SELECT ':a'", arguments: { a } }, /"a" does not stand in the sql/, 6],
    [{ ...base, sql: "-- :a" }, /no statement in it/, 4],
    [{ ...base, sql: "DELETE FROM a" }, /DELETE changes something/, 4],
    [{ ...base, sql: 5 }, /"sql": .*string/, 4],
    [{ ...base, database: undefined }, /does not say which database/, 3],
    [{ ...base, sql: undefined, command: ["ls"], effect: "read" }, /names a database and has no sql/, 3],
    [{ ...base, command: ["ls"] }, /a command, an http or an sql, one of them/],
    [{ description: "x", command: ["ls"] }, /does not say its effect/],
  ];
  for (const [declaration, what, line] of cases) {
    const read = await parseDeclaration("made.tool.json", JSON.stringify(declaration, null, 2));
    assert.ok("problem" in read, String(what));
    assert.match(read.problem.what, what);
    assert.equal(read.problem.line, line, String(what));
  }
});
