import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Running, targets, withPlace, withServer } from "../client.ts";
import { createAuthority } from "../rig/certificates.ts";
import { withProxy } from "../rig/proxy.ts";
import { freshAddress, withSite } from "../rig/web.ts";

/** Calls a tool; all text of its reply. */
async function call(server: Running, id: number, name: string, args: unknown): Promise<string> {
  const { result } = await server.ask(id, "tools/call", { name, arguments: args });
  const content: { type: string; text?: string }[] = result.content;
  return content.map(({ text = "" }) => text).join("\n");
}

for (const target of targets()) {
  test(`${target.name}: fetch_url reaches this machine with --allow-private alone`, async () => {
    await withPlace(({ env, dir }) =>
      withSite(({ url }, response) => {
        response.setHeader("content-type", "text/html");
        const page = "<title>T</title><h1>Hello</h1><p>you</p>";
        response.end(url === "/deep" ? `${"<div>".repeat(100_000)}depth` : page);
      }, async (site) => {
        const url = `${site.origin}/`;
        await withServer(target, ["--allow", dir], { env }, async (server) => {
          await server.initialize();
          assert.match(await call(server, 1, "fetch_url", { url }), /is no address on the public internet/);
          assert.match(
            await call(server, 2, "download_file", { url, path: "f" }),
            /is no address on the public/,
          );
          assert.equal(site.connections, 0);
        });
        await withServer(target, ["--allow-private", "--allow", dir], { env }, async (server) => {
          await server.initialize();
          assert.match(await call(server, 1, "fetch_url", { url }), /"T" \(HTML page[^]*# Hello\n\nyou\n---/);
          assert.match(await call(server, 2, "fetch_url", { url: `${url}deep` }), /its plain text[^]*depth/);
          assert.match(await call(server, 3, "download_file", { url, path: "f.html" }), /^Saved .*f\.html/);
          assert.match(await call(server, 4, "read_file", { path: "f.html", as: "text" }), /<h1>Hello/);
        });
      })
    );
  });

  test(`${target.name}: certificates, proxies and headers come from the environment`, async () => {
    const authority = createAuthority();
    const address = freshAddress();
    await withPlace(({ env, dir }) =>
      withSite((request, response) => response.end(`key ${request.headers["x-key"]}`), async (site) => {
        await withProxy(async (proxy) => {
          const file = join(dir, "authority.pem");
          await writeFile(file, authority.cert);
          const args = ["--allow-private", "--web-header", `${site.address}:${site.port} X-Key: \${THE_KEY}`];
          const own = { ...env, THE_KEY: "0123456789", HTTPS_PROXY: proxy.url };
          const fetch = (environment: Record<string, string>) =>
            withServer(target, args, { env: environment }, async (server) => {
              await server.initialize();
              return await call(server, 1, "fetch_url", { url: `${site.origin}/` });
            });
          assert.match(await fetch(own), /certificate of "127[\d.]+" is not trusted/);
          assert.match(await fetch({ ...own, NODE_EXTRA_CA_CERTS: file }), /\nkey \[secret\]\n/);
          assert.equal(site.seen.at(-1)?.headers["x-key"], "0123456789");
          assert.deepEqual([...new Set(proxy.asked)], [`CONNECT ${site.address}:${site.port}`]);
        });
      }, { certificate: authority.issue([address]), address })
    );
  });
}
