import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../lib/config.ts";
import { readConfigText } from "../../lib/config/file.ts";
import type { Host } from "../../lib/config/host.ts";
import { UsageError } from "../../lib/errors.ts";

const HOST: Host = {
  platform: "linux",
  env: { TOKEN: "abc", EMPTY: "" },
  home: "/nonexistent",
  cwd: "/work",
};

async function web(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return (await loadConfig(args, [], { ...HOST, env: { ...HOST.env, ...env } })).config.web;
}

test("hosts are read in every form, and brought into the form of the URL Standard", async () => {
  const table: readonly (readonly [string, string, string])[] = [
    ["example.com", "example.com", ""],
    ["EXAMPLE.com.", "example.com", ""],
    ["*.example.com", "*.example.com", ""],
    ["example.com:8000", "example.com", "8000"],
    ["example.com:*", "example.com", "*"],
    ["*", "*", ""],
    ["*:81", "*", "81"],
    ["10.0.0.0/8", "10.0.0.0/8", ""],
    ["127.1", "127.0.0.1", ""],
    ["[::1]:3000", "::1", "3000"],
    ["::1", "::1", ""],
    ["fd00::/8", "fd00::/8", ""],
    ["bücher.example", "xn--bcher-kva.example", ""],
  ];
  for (const [text, host, port] of table) {
    assert.deepEqual((await web(["--allow-host", text])).allowHost, [{ host, port }], text);
  }
  assert.deepEqual((await web(["--deny-host", "a.test", "--deny-host", "b.test"])).denyHost.length, 2);
  assert.deepEqual((await web([], { CLAWHAMMER_DENY_HOST: "a.test,*.b.test:81" })).denyHost, [
    { host: "a.test", port: "" },
    { host: "*.b.test", port: "81" },
  ]);
});

test("what is no host is refused", async () => {
  for (
    const text of [
      "",
      "http://a.test",
      "a b",
      "a.test/x",
      "a.test:99999",
      "a.test:x",
      "user@a.test",
      "a.*.test",
    ]
  ) {
    await assert.rejects(web(["--allow-host", text]), UsageError, text);
  }
});

test("headers are read for an origin, with variables of the environment", async () => {
  const header = async (text: string) => (await web(["--web-header", text])).headers[0];
  assert.deepEqual(await header("api.example.com Authorization: Bearer ${TOKEN}"), {
    origin: "https://api.example.com",
    name: "Authorization",
    value: "Bearer abc",
  });
  assert.equal((await header("http://localhost:3000 X-Key: ${TOKEN}-${TOKEN}"))?.value, "abc-abc");
  assert.equal((await header("api.example.com:8443 X-Key: a: b"))?.origin, "https://api.example.com:8443");
  assert.equal((await header("api.example.com X-Key:  spaced  "))?.value, "spaced");
});

test("wrong headers are refused without telling a value", async () => {
  const wrong = [
    "api.example.com",
    "api.example.com Authorization Bearer x",
    "ftp://x X-Key: y",
    "https://a.test/path X-Key: y",
    "a.test Host: b.test",
    "a.test Content-Length: 5",
    "a.test Proxy-Authorization: x",
    "a.test X-Key:",
    "a.test X-Key: a\u0000b",
    "a.test X-Key: a\nInjected: b",
    "a.test X-Key: Ж",
  ];
  for (const text of wrong) await assert.rejects(web(["--web-header", text]), UsageError, text);
  await assert.rejects(
    web(["--web-header", "${TOKEN} secret-value"]),
    (error) => !/secret-value|abc/.test(String(error)),
  );
});

test("a header whose variable is not set has no value, and is kept apart", async () => {
  const { headers, unsetHeaders } = await web(
    ["--web-header", "a.test X-Key: k-${NOT_SET}-${EMPTY}", "--web-header", "b.test X-Key: ${TOKEN}"],
  );
  assert.deepEqual(unsetHeaders, [{ origin: "https://a.test", name: "X-Key", missing: "NOT_SET" }]);
  assert.deepEqual(headers.map(({ origin }) => origin), ["https://b.test"]);
});

test("the file holds them as lists of texts", async () => {
  const text = '{ "allowHost": ["a.test"], "webHeader": ["a.test X-Key: ${TOKEN}"], "allowPrivate": true }';
  assert.deepEqual(await readConfigText(text, "/etc/c.json", HOST), {
    allowHost: [{ host: "a.test", port: "" }],
    webHeader: [{ origin: "https://a.test", name: "X-Key", value: "abc" }],
    allowPrivate: true,
  });
});
