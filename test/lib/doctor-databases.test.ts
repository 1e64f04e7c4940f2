import { test } from "node:test";
import assert from "node:assert/strict";
import { join } from "node:path";
import { databases } from "../../lib/doctor/databases.ts";
import { make } from "../rig/databases.ts";
import { entry, withHome } from "../rig/patient.ts";

test("the doctor opens every database that this configuration or a client's entry names", async () => {
  await withHome(async ({ home, claude, put, setting }) => {
    make(join(home, "shop.db"), "CREATE TABLE a (x); CREATE TABLE b (x)");
    await put(join(home, "text"), "no database, only text");
    await put(join(home, ".local", "share", "clawhammer", "own.db"), "");
    const args = [
      `shop=${home}/shop.db:ro`,
      `gone=${home}/gone.db`,
      `text=${home}/text`,
      `own=${home}/.local/share/clawhammer/own.db`,
      "crm=postgres://ada:hunter2@127.0.0.1:1/crm",
    ].flatMap((one) => ["--database", one]);
    await put(claude, entry("/gone/clawhammer", ["serve", "--database", `other=${home}/shop.db`]));
    const found = await databases.examine(await setting(args));
    const expected: [string, RegExp, RegExp?][] = [
      ["ok", /^"shop" opens: SQLite 3\.[\d.]+, 2 tables, only read: "\/.*shop\.db"$/],
      [
        "error",
        /^Cannot open database "gone": there is no such file: "\/.*gone\.db"$/,
        /--database gone=\/path/,
      ],
      ["error", /^Cannot use database "text": the file is no database of SQLite/, /names another file/],
      ["error", /^Cannot open database "own": it belongs to Clawhammer itself/, /./],
      [
        "error",
        /^Cannot connect to database "crm" .*: "crm" at 127\.0\.0\.1, port 1, as "ada"$/,
        /^Try it: psql -h/,
      ],
      ["ok", /^"other" opens: .* for reading and changing/],
    ];
    for (const [i, [severity, what, mend = /^$/]] of expected.entries()) {
      assert.equal(found[i]?.severity, severity, JSON.stringify(found));
      assert.match(found[i]?.what ?? "", what);
      assert.match(found[i]?.mend ?? "", mend);
    }
    assert.equal(found.length, expected.length);
    assert.ok(!JSON.stringify(found).includes("hunter2"));
    assert.deepEqual(await databases.examine(await setting()), found.slice(-1));
  });
});
