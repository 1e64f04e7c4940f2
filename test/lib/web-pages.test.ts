/** Reading pages, and what is kept of them. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { errorText } from "../../lib/errors.ts";
import { WEB_CACHE_FILES_MAX, WEB_MEMORY_BYTES_MAX, WEB_SAME_MS_MAX } from "../../lib/limits.ts";
import { Buffer } from "node:buffer";
import { createCache } from "../../lib/web/cache.ts";
import type { ClientOptions } from "../../lib/web/client.ts";
import type { Page } from "../../lib/web/types.ts";
import { type Answerer, asPublic, pagesOf, policyOf, type Site, watch, withSite } from "../rig/web.ts";

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const base = await mkdtemp(join(tmpdir(), "clawhammer-web-"));
  try {
    return await work(join(base, "web"));
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

/** A reader of a site with a clock that the test turns. */
function reader(site: Site, folder: string | undefined, options: Partial<ClientOptions> = {}) {
  const clock = { now: Date.now() };
  const policy = policyOf({ allowHost: asPublic(site), ignoreRobots: true, ...options.policy });
  const pages = pagesOf({ ...options, policy }, folder, () => clock.now);
  const read = (path: string, { raw = false, later = false } = {}) =>
    pages.read(`${site.origin}${path}`, { raw, later }, watch());
  return { clock, read, pages };
}

const textOf = ({ content }: Page) => content.kind === "text" ? content.text : `(${content.kind})`;

/** A page that says how often it was asked for, with validators. */
function counting(headers: Readonly<Record<string, string>>): { answer: Answerer; bodies(): number } {
  let bodies = 0;
  return {
    bodies: () => bodies,
    answer(request, response) {
      const tag = headers.etag;
      const modified = headers["last-modified"];
      const isSame = (tag !== undefined && request.headers["if-none-match"] === tag) ||
        (modified !== undefined && request.headers["if-modified-since"] === modified);
      response.writeHead(isSame ? 304 : 200, { "content-type": "text/plain", ...headers });
      response.end(isSame ? undefined : `version ${++bodies}`);
    },
  };
}

test("a later part of a page costs no second request, in this process or another", async () => {
  const { answer, bodies } = counting({});
  await withFolder((folder) =>
    withSite(answer, async (site) => {
      const { read, clock } = reader(site, folder);
      assert.equal(textOf(await read("/a")), "version 1");
      assert.equal(textOf(await read("/a", { later: true })), "version 1");
      assert.equal(textOf(await reader(site, folder).read("/a#part", { later: true })), "version 1");
      assert.equal(bodies(), 1);
      assert.equal(textOf(await read("/a")), "version 2", "from the beginning it is asked for again");
      clock.now += WEB_SAME_MS_MAX + 1;
      assert.equal(textOf(await read("/a", { later: true })), "version 3", "and after a time");
      assert.equal(textOf(await read("/b", { later: true })), "version 4", "another page is another page");
    })
  );
});

test("a page is asked for with its validators, and taken again when it has not changed", async () => {
  const validators: readonly Record<string, string>[] = [{ etag: '"abc"' }, {
    "last-modified": "Sun, 22 Nov 2026 08:00:00 GMT",
  }];
  for (const headers of validators) {
    const { answer, bodies } = counting(headers);
    await withFolder((folder) =>
      withSite(answer, async (site) => {
        const { read, clock } = reader(site, folder);
        await read("/");
        clock.now += 3_600_000;
        assert.equal(textOf(await read("/")), "version 1");
        assert.equal(textOf(await reader(site, folder).read("/")), "version 1", "another process");
        assert.equal(bodies(), 1);
        assert.equal(site.seen.length, 3);
        assert.equal(site.seen[0]?.headers["if-none-match"], undefined);
      })
    );
  }
});

test("max-age is believed for a while, no-cache and nothing are not", async () => {
  const table: readonly (readonly [string, number])[] = [
    ["max-age=600", 1],
    ["public, max-age=600", 1],
    ["max-age=600, no-cache", 2],
    ["max-age=0", 2],
    ["s-maxage=600", 2],
    ["", 2],
  ];
  for (const [caching, expected] of table) {
    const { answer, bodies } = counting({ "cache-control": caching });
    await withSite(answer, async (site) => {
      const { read } = reader(site, undefined);
      await read("/");
      await read("/");
      assert.equal(bodies(), expected, caching);
    });
  }
});

test("what must not be stored, and what came with a configured header, stays in memory", async () => {
  await withFolder((folder) =>
    withSite((request, response) => {
      if (request.url === "/secret") response.setHeader("cache-control", "no-store");
      response.setHeader("content-type", "text/plain");
      response.end(`private matters ${request.headers["x-key"] ?? ""}`);
    }, async (site) => {
      const plain = reader(site, folder);
      await plain.read("/secret");
      assert.equal(textOf(await plain.read("/secret", { later: true })), "private matters ");
      const headers = [{ origin: site.origin, name: "X-Key", value: "0123456789" }];
      const own = reader(site, folder, { policy: policyOf({ allowHost: asPublic(site), headers }) });
      const page = await own.read("/open");
      assert.equal(textOf(page), "private matters [secret]", "and a secret that comes back is not shown");
      assert.equal(textOf(await own.read("/open", { later: true })), "private matters [secret]");
      assert.equal(site.seen.length, 2);
      await assert.rejects(readdir(folder), "nothing reached the disk");
    })
  );
});

test("what was fetched under one configuration is not shown under another", async () => {
  await withFolder((folder) =>
    withSite((_request, response) => response.end("inside"), async (site) => {
      const open = pagesOf({ policy: policyOf({ allowPrivate: true }) }, folder);
      await open.read(`${site.origin}/`, { raw: false, later: false }, watch());
      const closed = pagesOf({ policy: policyOf() }, folder);
      const work = closed.read(`${site.origin}/`, { raw: false, later: true }, watch());
      await assert.rejects(work, /no address on the public internet/);
    })
  );
});

test("the folder is for its owner alone, and files are whole", async () => {
  await withFolder((folder) =>
    withSite((request, response) => response.end(`text of ${request.url}`), async (site) => {
      const processes = Array.from({ length: 4 }, () => reader(site, folder));
      await Promise.all(
        processes.flatMap(({ read }) => Array.from({ length: 12 }, (_, i) => read(`/${i % 6}`))),
      );
      assert.equal((await stat(folder)).mode & 0o777, 0o700);
      const names = await readdir(folder);
      assert.equal(names.length, 6, "no temporary file is left");
      for (const name of names) {
        assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
        assert.match(
          await readFile(join(folder, name), "latin1"),
          /^clawhammer-page-1\n\{.*\}\ntext of \/\d$/,
        );
      }
    })
  );
});

test("a damaged file of the cache is fetched again, and an unusable folder is no obstacle", async () => {
  const { answer } = counting({});
  await withFolder((folder) =>
    withSite(answer, async (site) => {
      const { read } = reader(site, folder);
      await read("/");
      for (const damage of ["", "nonsense", "clawhammer-page-1\n{", "clawhammer-page-0\n{}\n"]) {
        const [name = ""] = await readdir(folder);
        await writeFile(join(folder, name), damage);
        assert.match(textOf(await read("/", { later: true })), /^version \d$/);
      }
      await rm(folder, { recursive: true });
      await writeFile(folder, "a file in its place");
      const other = reader(site, folder);
      assert.match(textOf(await other.read("/")), /^version \d$/);
      assert.match(textOf(await other.read("/", { later: true })), /^version \d$/);
    })
  );
});

test("old and surplus files of the cache are removed", async () => {
  await withFolder(async (folder) => {
    await mkdir(folder, { mode: 0o700 });
    const old = new Date(Date.now() - 2 * 86_400_000);
    await writeFile(join(folder, "old"), "x");
    await utimes(join(folder, "old"), old, old);
    for (let i = 0; i < WEB_CACHE_FILES_MAX + 20; i++) await writeFile(join(folder, `f${i}`), "x");
    const cache = createCache<string>({ folder, warn: assert.fail });
    await cache.put("key", { facts: "facts", bytes: Buffer.from("bytes") }, false);
    const names = await readdir(folder);
    assert.equal(names.length, WEB_CACHE_FILES_MAX);
    assert.ok(!names.includes("old"));
    assert.deepEqual(await cache.get("key"), { facts: "facts", bytes: Buffer.from("bytes") });
    assert.equal(await cache.get("other"), undefined);
  });
});

test("memory holds as much as its limit, and the newest page always", async () => {
  const cache = createCache<string>({ folder: undefined, warn: assert.fail });
  const bytes = Buffer.alloc(WEB_MEMORY_BYTES_MAX / 4);
  for (const key of ["a", "b", "c", "d", "e"]) await cache.put(key, { facts: key, bytes }, true);
  assert.equal(await cache.get("a"), undefined);
  assert.equal((await cache.get("e"))?.facts, "e");
  await cache.put("huge", { facts: "huge", bytes: Buffer.alloc(WEB_MEMORY_BYTES_MAX + 1) }, true);
  assert.equal((await cache.get("huge"))?.facts, "huge");
  assert.equal(await cache.get("e"), undefined);
});

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** What a server says and sends, and what is made of it. */
const KINDS: readonly (readonly [string, Buffer, string, string])[] = [
  ["application/json", Buffer.from('{"a":1}'), "JSON", '{\n  "a": 1\n}'],
  ["application/ld+json; charset=utf-8", Buffer.from("[]"), "JSON", "[]"],
  ["application/json", Buffer.from("{oops"), "JSON", "{oops"],
  ["text/plain", Buffer.from("<b>not HTML</b>"), "text/plain", "<b>not HTML</b>"],
  ["text/html", Buffer.from("<p>x"), "HTML page as Markdown", "<p>x"],
  ["application/xhtml+xml", Buffer.from("<p>x"), "HTML page as Markdown", "<p>x"],
  ["", Buffer.from("<!DOCTYPE html><p>x"), "HTML page as Markdown", "<!DOCTYPE html><p>x"],
  ["", Buffer.from("just text"), "text", "just text"],
  ["text/csv", Buffer.from("a,b\r\n1,2\r\n"), "text/csv", "a,b\n1,2\n"],
  ["application/rss+xml", Buffer.from("<rss/>"), "application/rss+xml", "<rss/>"],
  ["application/octet-stream", Buffer.from("readable"), "application/octet-stream", "readable"],
  ["text/markdown", Buffer.from("# Title"), "text/markdown", "# Title"],
  ["image/png", PNG, "PNG image, 70 B", "(media)"],
  ["text/html", PNG, "PNG image, 70 B", "(media)"],
  ["image/svg+xml", Buffer.from("<svg/>"), "image/svg+xml", "<svg/>"],
  ["text/html", Buffer.from(""), "HTML page as Markdown", ""],
];

test("what a server sends is shown as what it is", async () => {
  for (const [type, body, what, text] of KINDS) {
    await withSite((_request, response) => {
      response.writeHead(200, type === "" ? {} : { "content-type": type }).end(body);
    }, async (site) => {
      const page = await reader(site, undefined).read("/x");
      assert.equal(page.what, what, type);
      assert.equal(textOf(page), text, type);
    });
  }
});

test("raw shows the source, also of what is kept", async () => {
  await withFolder((folder) =>
    withSite((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "cache-control": "max-age=60" }).end(
        '{"a":1}',
      );
    }, async (site) => {
      const { read } = reader(site, folder);
      assert.equal(textOf(await read("/", { raw: true })), '{"a":1}');
      assert.equal(textOf(await read("/")), '{\n  "a": 1\n}');
      assert.equal(textOf(await read("/", { raw: true })), '{"a":1}');
      assert.equal(site.seen.length, 1);
    })
  );
});

test("binary data and large images are refused with what they are", async () => {
  const bodies: readonly (readonly [Buffer, RegExp])[] = [
    [Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 0, 0, 1, 2, 3]), /it is no text but a ZIP archive of 11 B/],
    [Buffer.from([0, 1, 2, 3, 0xff]), /it is binary data of 5 B/],
    [Buffer.concat([PNG, Buffer.alloc(800_000)]), /it is a PNG image of 800 kB, and a reply carries at most/],
  ];
  for (const [body, why] of bodies) {
    await withSite((_request, response) => {
      response.writeHead(200, { "content-type": "application/octet-stream" }).end(body);
    }, async (site) => {
      for (const raw of [false, true]) {
        const said = await reader(site, undefined).read("/x", { raw }).then(() => "", errorText);
        assert.match(said, why);
        assert.match(said, /download_file/);
      }
    });
  }
});
