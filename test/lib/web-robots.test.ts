/** robots.txt: RFC 9309. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { errorText } from "../../lib/errors.ts";
import { asPublic, clientOf, policyOf, watch, withRaw, withSite } from "../rig/web.ts";

/** Whether a path may be fetched under these rules; the refusal if not. */
async function verdict(
  robots: string | number,
  paths: readonly string[],
  ignoreRobots = false,
): Promise<readonly string[]> {
  return await withSite((request, response) => {
    if (request.url !== "/robots.txt") response.end("page");
    else if (typeof robots === "number") response.writeHead(robots).end("User-agent: *\nDisallow: /");
    else response.end(robots);
  }, async (site) => {
    const client = clientOf({ policy: policyOf({ allowHost: asPublic(site), ignoreRobots }) });
    const results: string[] = [];
    for (const path of paths) {
      try {
        results.push(
          (await client.get(`${site.origin}${path}`, "read", undefined, watch())).bytes.toString(),
        );
      } catch (error) {
        results.push(errorText(error));
      }
    }
    assert.equal(
      site.seen.filter(({ url }) => url === "/robots.txt").length,
      ignoreRobots ? 0 : 1,
      "asked once",
    );
    return results;
  }, { robots: true });
}

/** Rules, what they allow and what they do not. */
const TABLE: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["", ["/", "/a"], []],
  ["User-agent: *\nDisallow: /", [], ["/", "/a?b"]],
  ["User-agent: *\nDisallow:", ["/"], []],
  ["User-agent: *\nDisallow: /a", ["/", "/b/a"], ["/a", "/abc", "/a/b"]],
  ["User-agent: *\nDisallow: /\nAllow: /a/", ["/a/b"], ["/", "/a", "/b"]],
  ["User-agent: *\nAllow: /a\nDisallow: /a", ["/a"], []],
  ["User-agent: *\nDisallow: /*.pdf$", ["/a.pdf?x", "/a.pd"], ["/a.pdf", "/x/y.pdf"]],
  ["User-agent: *\nDisallow: /a*b", ["/ab/", "/ac"].slice(1), ["/ab", "/axxb"]],
  ["User-agent: clawhammer\nDisallow: /x\n\nUser-agent: *\nDisallow: /", ["/", "/y"], ["/x"]],
  ["User-agent: CLAWHAMMER/2\nDisallow: /x\nUser-agent: *\nDisallow: /", ["/y"], ["/x"]],
  ["User-agent: other\nDisallow: /\n\nUser-agent: *\nDisallow: /z", ["/"], ["/z"]],
  ["User-agent: other\nUser-agent: Clawhammer\nDisallow: /q", ["/"], ["/q"]],
  ["User-agent: a\nSitemap: https://x.test/s.xml\nUser-agent: *\nDisallow: /q", ["/"], ["/q"]],
  [
    "User-agent: Clawhammer\nDisallow: /a\nUser-agent: *\nDisallow: /\nUser-agent: clawhammer\nDisallow: /b",
    ["/c"],
    [
      "/a",
      "/b",
    ],
  ],
  ["\ufeffUser-agent: *\r\nDisallow: /a\r\n", ["/"], ["/a"]],
  ["user-AGENT : * # all\nDISALLOW: /a # not this", ["/"], ["/a"]],
  ["User-agent: *\nDisallow: /ä", ["/a"], ["/%C3%A4", "/%c3%a4"]],
  ["User-agent: *\nDisallow: /a%3cd.html", [], ["/a%3Cd.html", "/a%3cd.html"]],
  ["<!doctype html><title>Not found</title>", ["/"], []],
];

test("rules are obeyed by the book", async () => {
  for (const [rules, open, closed] of TABLE) {
    const said = await verdict(rules, [...open, ...closed]);
    said.slice(0, open.length).forEach((text, i) => assert.equal(text, "page", `${rules} → ${open[i]}`));
    said.slice(open.length).forEach((text, i) =>
      assert.match(text, /robots\.txt does not allow programs to fetch it/, `${rules} → ${closed[i]}`)
    );
  }
});

test("a robots.txt that is missing or refused forbids nothing", async () => {
  for (const status of [400, 401, 403, 404, 410, 429, 451]) {
    assert.deepEqual(await verdict(status, ["/"]), ["page"], String(status));
  }
});

test("a robots.txt behind a server in trouble forbids everything", async () => {
  for (const status of [500, 502, 503]) {
    const [said = ""] = await verdict(status, ["/"]);
    assert.match(
      said,
      new RegExp(`robots\\.txt, which says what may be fetched, answers with the error ${status}`),
    );
    assert.match(said, /--ignore-robots/);
  }
  await withRaw((socket) => socket.end(), async (site) => {
    const policy = policyOf({ allowHost: asPublic(site) });
    const origin = site.origin.replace("8080", "8443");
    await assert.rejects(
      clientOf({ policy }).get(`${origin}/`, "read", undefined, watch()),
      /cannot be read: nothing/,
    );
  });
});

test("with --ignore-robots it is not even asked for", async () => {
  assert.deepEqual(await verdict("User-agent: *\nDisallow: /", ["/"], true), ["page"]);
});

test("a robots.txt may redirect five times", async () => {
  for (const [hops, expected] of [[5, /does not allow/], [6, /^page$/]] as const) {
    await withSite((request, response) => {
      const { url = "" } = request;
      const at = url === "/robots.txt" ? hops : Number(/^\/r(\d)$/.exec(url)?.[1] ?? -1);
      if (at === 0) response.end("User-agent: *\nDisallow: /");
      else if (at > 0) response.writeHead(301, { location: `/r${at - 1}` }).end();
      else response.end("page");
    }, async (site) => {
      const client = clientOf({ policy: policyOf({ allowHost: asPublic(site) }) });
      const said = await client.get(`${site.origin}/x`, "read", undefined, watch()).then(
        ({ bytes }) => bytes.toString(),
        errorText,
      );
      assert.match(said, expected);
    }, { robots: true });
  }
});

test("every hop of a redirect is looked up in the robots.txt of its host", async () => {
  await withSite((request, response) => {
    response.end(request.url === "/robots.txt" ? "User-agent: *\nDisallow: /private" : "page");
  }, async (strict) => {
    await withSite((_request, response) => {
      response.writeHead(302, { location: `${strict.origin}/private/x` }).end();
    }, async (site) => {
      const client = clientOf({ policy: policyOf({ allowHost: asPublic(site, strict) }) });
      const work = client.get(`${site.origin}/`, "read", undefined, watch());
      await assert.rejects(work, /does not allow programs to fetch it \(redirected from/);
      assert.deepEqual(strict.seen.map(({ url }) => url), ["/robots.txt"]);
    });
  }, { robots: true });
});

test("hostile rules cost no time: half a megabyte of stars", async () => {
  const rule = `Disallow: /${"*a".repeat(1_000)}b\n`;
  const rules = `User-agent: *\n${rule.repeat(240)}`;
  const [said = ""] = await verdict(rules, [`/${"a".repeat(7_000)}`]);
  assert.match(said, /does not allow/);
});
