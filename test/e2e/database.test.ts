import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { targets, withPlace, withServer } from "../client.ts";
import { look, make } from "../rig/databases.ts";

const ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";

for (const target of targets()) {
  test(`${target.name}: two servers ask and change one database, and nothing stalls them`, async () => {
    await withPlace(async ({ dir, env }) => {
      const path = join(dir, "shop.db");
      make(
        path,
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, total); INSERT INTO orders (total) VALUES (7)",
      );
      const args = ["--database", `shop=${path}`];
      await withServer(target, args, { env }, async (one) => {
        await withServer(target, args, { env }, async (two) => {
          await Promise.all([one.initialize(), two.initialize()]);
          const call = (name: string, more: object = {}) => ({
            name,
            arguments: { database: "shop", ...more },
          });
          one.request("endless", "tools/call", call("query_database", { sql: ENDLESS }));
          const listed = await one.ask("list", "tools/call", call("list_tables"));
          assert.match(listed.result.content[0].text, /\norders \(1 row\): id, total\n/);
          const sql = "INSERT INTO orders (total) VALUES (1)";
          const changes = await Promise.all(
            [1, 2, 3, 4].flatMap((i) =>
              [one, two].map((server) => server.ask(`c${i}`, "tools/call", call("change_database", { sql })))
            ),
          );
          for (const { result } of changes) assert.match(result.content[0].text, /INSERT, 1 row affected/);
          one.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "endless" } });
          const asked = { sql: "SELECT count(*) AS n, sum(total) AS s FROM orders" };
          const { result } = await one.ask("count", "tools/call", call("query_database", asked));
          assert.match(result.content[0].text, /\nn \| s\n--- \| ---\n9 \| 15\n/);
          const { result: resources } = await two.ask("r", "resources/list", {});
          assert.ok(resources.resources.some(({ uri }: { uri: string }) => uri === "database:///shop"));
          const { result: read } = await two.ask("rr", "resources/read", { uri: "database:///shop" });
          assert.match(read.contents[0].text, /\norders \(9 rows\): id, total\n/);
          const { error } = await two.ask("re", "resources/read", { uri: "database:///other" });
          assert.ok(error !== undefined);
          assert.equal(one.messages.filter(({ id }) => id === "endless").length, 0);
          two.end();
          one.end();
          assert.deepEqual(await Promise.all([one.exited, two.exited]), [
            { code: 0, signal: null },
            { code: 0, signal: null },
          ]);
        });
      });
      assert.equal(look(path, "PRAGMA integrity_check"), "ok");
    });
  });
}
