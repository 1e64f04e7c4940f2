/** Fetching from servers that behave, and from those that do not. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { CancelledError, errorText } from "../../lib/errors.ts";
import { DOWNLOAD_BYTES_MAX, WEB_BYTES_MAX } from "../../lib/limits.ts";
import type { ClientOptions } from "../../lib/web/client.ts";
import {
  type Answerer,
  asPublic,
  clientOf,
  pagesOf,
  policyOf,
  type Site,
  watch,
  withRaw,
  withSite,
} from "../rig/web.ts";

function get(site: Site, path = "/", options: Partial<ClientOptions> = {}, use: "read" | "save" = "read") {
  const client = clientOf({ policy: policyOf({ allowHost: asPublic(site) }), ...options });
  return client.get(`${site.origin}${path}`, use, undefined, watch());
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return errorText(error);
  }
  return "nothing was refused";
}

test("five redirects are followed, a sixth is not", async () => {
  const count: Answerer = ({ url = "" }, response) => {
    const left = Number(url.slice(1));
    if (left === 0) return void response.end("arrived");
    response.writeHead([301, 302, 303, 307, 308][left % 5] ?? 302, { location: `/${left - 1}` }).end("moved");
  };
  await withSite(count, async (site) => {
    const got = await get(site, "/5");
    assert.equal(got.bytes.toString(), "arrived");
    assert.equal(got.url, `${site.origin}/0`);
    assert.deepEqual(got.notes, [`Redirected from ${site.origin}/5`]);
    assert.match(await refusal(get(site, "/6")), /redirects more than 5 times/);
  });
});

test("a redirect in a circle ends, and one without a target is an error", async () => {
  await withSite(({ url }, response) => {
    response.writeHead(302, url === "/none" ? {} : { location: "/round" }).end();
  }, async (site) => {
    assert.match(await refusal(get(site, "/round")), /redirects more than 5 times/);
    assert.equal(site.seen.length, 6);
    assert.match(await refusal(get(site, "/none")), /answers with 302/);
  });
});

test("configured headers go to their own origin and are gone after a redirect elsewhere", async () => {
  await withSite((_request, response) => response.end("other"), async (other) => {
    await withSite(({ url }, response) => {
      if (url === "/away") response.writeHead(302, { location: `${other.origin}/` }).end();
      else if (url === "/here") response.writeHead(302, { location: "/end" }).end();
      else response.end("own");
    }, async (site) => {
      const policy = policyOf({
        allowHost: asPublic(site, other),
        headers: [
          { origin: site.origin, name: "Authorization", value: "Bearer abcdefgh12345" },
          { origin: site.origin, name: "X-Api-Key", value: "key-1234567890" },
        ],
      });
      const away = await get(site, "/away", { policy });
      assert.equal(away.bytes.toString(), "other");
      assert.equal(site.seen[0]?.headers["x-api-key"], "key-1234567890");
      assert.equal(site.seen[0]?.headers.authorization, "Bearer abcdefgh12345");
      assert.equal(other.seen[0]?.headers["x-api-key"], undefined);
      assert.equal(other.seen[0]?.headers.authorization, undefined);
      assert.equal(other.seen[0]?.headers.cookie, undefined);
      await get(site, "/here", { policy });
      assert.equal(site.seen.at(-1)?.headers["x-api-key"], "key-1234567890", "the same origin keeps them");
      assert.deepEqual(away.secrets, ["Bearer abcdefgh12345", "key-1234567890"]);
    });
  });
});

test("a server that sends back the header it was sent has it shown nowhere", async () => {
  const secret = "key-1234567890";
  await withSite(({ url }, response) => {
    response.statusMessage = `Not ${secret}`;
    if (url === "/echo") response.writeHead(302, { location: `/end?key=${secret}` }).end();
    else if (url === "/refuse") response.writeHead(302, { location: `/no?key=${secret}` }).end();
    else if (url === "/away") response.writeHead(302, { location: `ftp://${secret}.example/` }).end();
    else if (url === "/round") response.writeHead(302, { location: `/round?key=${secret}` }).end();
    else if (url?.startsWith("/round")) response.writeHead(302, { location: url }).end();
    else response.writeHead(url?.startsWith("/no") ? 403 : 200, { "content-type": "text/plain" }).end("x");
  }, async (site) => {
    const headers = [{ origin: site.origin, name: "X-Api-Key", value: secret }];
    const policy = policyOf({ allowHost: asPublic(site), headers });
    for (const path of ["/no", "/refuse", "/away", "/round"]) {
      const said = await refusal(get(site, path, { policy }));
      assert.match(said, /\[secret\]/, path);
      assert.doesNotMatch(said, new RegExp(secret), path);
    }
    const pages = pagesOf({ policy: { ...policy, ignoreRobots: true } }, undefined);
    for (const later of [false, true]) {
      const page = await pages.read(`${site.origin}/echo`, { raw: false, later }, watch());
      assert.equal(page.url, `${site.origin}/end?key=[secret]`);
    }
    const saved = await pages.download(`${site.origin}/echo`, watch());
    assert.equal(saved.url, `${site.origin}/end?key=[secret]`);
  });
});

test("a request says who asks, and nothing else about the person", async () => {
  await withSite((_request, response) => response.end("x"), async (site) => {
    await get(site, "/path?a=b&c=%20d");
    const [seen] = site.seen;
    assert.equal(seen?.url, "/path?a=b&c=%20d");
    assert.deepEqual(Object.keys(seen?.headers ?? {}).toSorted(), [
      "accept",
      "accept-encoding",
      "connection",
      "host",
      "user-agent",
    ]);
    assert.equal(seen?.headers.host, `${site.address}:${site.port}`);
    assert.equal(seen?.headers["user-agent"], "Clawhammer/test");
  });
});

const TEXT = "Grüße aus dem Netz\n".repeat(2_000);

test("every content coding that is asked for is read", async () => {
  const codings: readonly (readonly [string, Uint8Array])[] = [
    ["identity", Buffer.from(TEXT)],
    ["gzip", gzipSync(TEXT)],
    ["x-gzip", gzipSync(TEXT)],
    ["GZIP", gzipSync(TEXT)],
    ["deflate", deflateSync(TEXT)],
    ["deflate", deflateRawSync(TEXT)],
    ["br", brotliCompressSync(TEXT)],
    ["zstd", zstdCompressSync(TEXT)],
  ];
  for (const [coding, body] of codings) {
    await withSite((_request, response) => {
      response.writeHead(200, { "content-encoding": coding, "content-type": "text/plain" }).end(body);
    }, async (site) => {
      const got = await get(site);
      assert.equal(got.bytes.toString(), TEXT, coding);
      assert.equal(got.isCut, false);
    });
  }
});

test("one coding inside another and unknown ones are refused", async () => {
  for (const coding of ["gzip, gzip", "br, gzip", "compress", "exi", "gzip, identity, br"]) {
    await withSite(
      (_request, response) => {
        response.writeHead(200, { "content-encoding": coding }).end(gzipSync(gzipSync("x")));
      },
      async (site) => assert.match(await refusal(get(site)), /compressed in a way that is not read/, coding),
    );
  }
});

test("damaged and cut compression is told", async () => {
  const whole = gzipSync(TEXT);
  for (const body of [whole.subarray(0, whole.length / 2), Buffer.from("this is no gzip"), Buffer.alloc(0)]) {
    await withSite((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(body);
    }, async (site) => {
      const said = await refusal(get(site));
      if (body.length > 0) assert.match(said, /broke off after/);
    });
  }
});

/** Small bodies that become 48 or 120 MB. */
function bombs(): readonly (readonly [string, Uint8Array])[] {
  const zeros = Buffer.alloc(48 * 1024 * 1024);
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
  return [
    ["gzip", gzipSync(Buffer.alloc(120 * 1024 * 1024), { level: 1 })],
    ["br", brotliCompressSync(zeros, quick)],
    ["zstd", zstdCompressSync(zeros)],
  ];
}

test("a decompression bomb is stopped at the limit, and its rest is not decompressed", async () => {
  for (const [coding, body] of bombs()) {
    await withSite((_request, response) => {
      response.writeHead(200, { "content-encoding": coding, "content-type": "text/html" }).end(body);
    }, async (site) => {
      const before = process.memoryUsage().rss;
      const got = await get(site);
      assert.equal(got.isCut, true, coding);
      assert.equal(got.bytes.length, WEB_BYTES_MAX);
      const grown = process.memoryUsage().rss - before;
      assert.ok(grown < 120 * 1024 * 1024, `${coding} took ${Math.round(grown / 1e6)} MB of memory`);
      if (coding !== "gzip") return;
      assert.match(await refusal(get(site, "/", {}, "save")), /it has more than 105 MB/);
    });
  }
});

test("a body without end is cut at the limit and its connection closed", async () => {
  await withRaw((socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n");
    const piece = Buffer.alloc(256 * 1024, "a");
    const more = () => {
      while (!socket.destroyed && socket.write(piece));
      if (!socket.destroyed) socket.once("drain", more);
    };
    more();
  }, async (site) => {
    const got = await get(site);
    assert.equal(got.isCut, true);
    assert.equal(got.bytes.length, WEB_BYTES_MAX);
  });
});

test("what is no text and too large is refused, before it is fetched where that is said", async () => {
  let sent = 0;
  await withSite((_request, response) => {
    response.writeHead(200, { "content-type": "image/png", "content-length": String(40 * 1024 * 1024) });
    response.write(Buffer.alloc(1000));
    sent++;
  }, async (site) => {
    assert.match(await refusal(get(site)), /it has 42 MB, and at most 34 MB are read/);
    assert.equal(sent, 1);
  });
  await withSite((_request, response) => {
    response.writeHead(200, { "content-length": String(DOWNLOAD_BYTES_MAX + 1) });
    response.write("x");
  }, async (site) => {
    assert.match(await refusal(get(site, "/", {}, "save")), /at most 105 MB are saved/);
  });
});

const BAD: readonly (readonly [string, string, RegExp])[] = [
  ["no HTTP", "SSH-2.0-OpenSSH_9.9\r\n", /gave no answer that can be read/],
  ["nothing", "", /gave no answer that can be read/],
  ["HTTP of 1991", "<html>hi</html>", /gave no answer that can be read/],
  ["a cut head", "HTTP/1.1 200 OK\r\ncontent-", /gave no answer that can be read/],
  ["a short body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", /broke off after 3 B/],
  ["a cut chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n50\r\nhello", /broke off after 5 B/],
  [
    "no last chunk",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    /broke off after 5 B/,
  ],
  [
    "a bad chunk",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n",
    /Cannot fetch/,
  ],
  ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nhello", /Cannot fetch/],
  [
    "length and chunks",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
    /Cannot fetch/,
  ],
  ["another protocol", "HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", /another protocol/],
  [
    "a flood of headers",
    `HTTP/1.1 200 OK\r\n${"x-header: 0123456789\r\n".repeat(20_000)}\r\n`,
    /Cannot fetch/,
  ],
  ["one long header", `HTTP/1.1 200 OK\r\nx: ${"a".repeat(300_000)}\r\n\r\n`, /Cannot fetch/],
];

test("servers that answer wrongly are told apart, and none stays connected", async () => {
  for (const [name, answer, expected] of BAD) {
    const closed = Promise.withResolvers<void>();
    await withRaw((socket) => {
      socket.on("close", () => closed.resolve());
      if (/protocol|flood|long/.test(name)) socket.write(answer);
      else socket.end(answer);
    }, async (site) => {
      const said = await refusal(get(site));
      assert.match(said, expected, `${name}: ${said}`);
      await closed.promise;
    });
  }
});

test("early hints and answers without a body are no trouble", async () => {
  const hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(3);
  const answers: readonly (readonly [string, string])[] = [
    [`${hints}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`, "ok"],
    ["HTTP/1.1 204 No Content\r\n\r\n", ""],
    ["HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"],
    ["HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold", "old"],
  ];
  for (const [answer, body] of answers) {
    await withRaw((socket) => socket.end(answer), async (site) => {
      assert.equal((await get(site)).bytes.toString(), body);
    });
  }
});

test("a server that never answers, and one that answers drop by drop, are given up", async () => {
  const patience = { headMs: 150, wholeMs: 400 };
  await withRaw(() => {}, async (site) => {
    assert.match(await refusal(get(site, "/", { patience })), /no answer within 0\.15 seconds/);
  });
  const drip = (start: string) =>
    withRaw((socket) => {
      socket.write(start);
      const timer = setInterval(() => socket.write("x"), 20);
      socket.on("close", () => clearInterval(timer));
    }, async (site) => {
      return await refusal(get(site, "/", { patience }));
    });
  assert.match(await drip("HTTP/1.1 200 OK\r\nx-slow: "), /no answer within 0\.15 seconds/);
  assert.match(
    await drip("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"),
    /took longer than 0\.4 seconds/,
  );
});

test("a cancelled fetch ends at once and closes its connection", async () => {
  for (const start of ["", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc"]) {
    const closed = Promise.withResolvers<void>();
    const stop = new AbortController();
    await withRaw((socket) => {
      socket.on("close", () => closed.resolve());
      if (start !== "") socket.write(start);
      setTimeout(() => stop.abort(new CancelledError()), 50);
    }, async (site) => {
      const client = clientOf({ policy: policyOf({ allowHost: asPublic(site) }) });
      await assert.rejects(
        client.get(`${site.origin}/`, "read", undefined, watch(stop.signal)),
        CancelledError,
      );
      await closed.promise;
    });
  }
});

test("errors of a server carry its words, cleaned and cut, and what to do", async () => {
  await withSite(({ url }, response) => {
    const status = Number(url?.slice(1));
    response.writeHead(status, {
      "content-type": "application/json",
      ...(status === 429 ? { "retry-after": "120" } : {}),
    }).end(`{"message":"not\u202e here\u200b${"!".repeat(2_000)}"}`);
  }, async (site) => {
    const said = await refusal(get(site, "/404"));
    assert.match(said, /the server answers with 404 Not Found\nCheck the address/);
    assert.match(said, /The server's own words: "\{\\"message\\":\\"not here!!!/);
    assert.ok(said.length < 900, String(said.length));
    assert.match(await refusal(get(site, "/429")), /Try again in 120 seconds/);
    assert.match(await refusal(get(site, "/503")), /in trouble/);
    assert.match(await refusal(get(site, "/401")), /--web-header/);
    assert.match(await refusal(get(site, "/304")), /answers with 304/);
  });
});

test("nothing that answers is told as such", async () => {
  await withSite(() => {}, async (site) => {
    const other = { ...site, origin: site.origin.replace(String(site.port), "8443") };
    assert.match(await refusal(get(other)), /nothing answers there \(ECONNREFUSED\)/);
  });
});

test("many pages at once are fetched, six at a time", async () => {
  let now = 0;
  let most = 0;
  await withSite((request, response) => {
    most = Math.max(most, ++now);
    setTimeout(() => {
      now--;
      response.end(request.url);
    }, 20);
  }, async (site) => {
    const client = clientOf({ policy: policyOf({ allowHost: asPublic(site), ignoreRobots: true }) });
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, i) => client.get(`${site.origin}/${i}`, "read", undefined, watch())),
    );
    assert.deepEqual(all.map(({ bytes }) => bytes.toString()), Array.from({ length: 40 }, (_, i) => `/${i}`));
    assert.ok(most <= 6 && most > 1, String(most));
  });
});
