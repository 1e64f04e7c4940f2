/** Certificates and proxies. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { errorText } from "../../lib/errors.ts";
import type { ClientOptions } from "../../lib/web/client.ts";
import { proxyFor } from "../../lib/web/proxy.ts";
import { proxySettings } from "../../lib/web/settings.ts";
import { type Authority, createAuthority } from "../rig/certificates.ts";
import { withProxy } from "../rig/proxy.ts";
import { asPublic, clientOf, policyOf, PORT, type Site, watch, withSite } from "../rig/web.ts";

/** What a client that knows one authority gets for an address, or the refusal. */
async function fetched(
  address: string,
  site: Site,
  options: Partial<ClientOptions> & { authority?: Authority } = {},
): Promise<string> {
  const { authority, ...rest } = options;
  const client = clientOf({
    policy: policyOf({ allowHost: asPublic(site), ignoreRobots: true }),
    resolve: () => Promise.resolve([site.address]),
    ...rest,
  }, authority === undefined ? [] : [authority.cert]);
  try {
    return (await client.get(address, "read", undefined, watch())).bytes.toString();
  } catch (error) {
    return errorText(error);
  }
}

const authority = () => createAuthority();

test("a certificate counts for its names, and from an authority that is trusted", async () => {
  const trusted = authority();
  const certificate = trusted.issue(["site.test"]);
  await withSite((request, response) => response.end(`for ${request.headers.host}`), async (site) => {
    const at = (host: string) => `https://${host}:${PORT}/`;
    assert.equal(await fetched(at("site.test"), site, { authority: trusted }), `for site.test:${PORT}`);
    assert.match(
      await fetched(at("other.test"), site, { authority: trusted }),
      /certificate of "other\.test" is not trusted/,
    );
    assert.match(await fetched(at("site.test"), site, { authority: authority() }), /is not trusted/);
    assert.match(
      await fetched(at("site.test"), site),
      /is not trusted.*\nNothing was sent\..*NODE_EXTRA_CA_CERTS/,
    );
    assert.match(await fetched(at(site.address), site, { authority: trusted }), /is not trusted/);
    assert.equal(site.seen.length, 1, "nothing was sent to the others");
  }, { certificate });
});

test("a certificate for an address counts for that address", async () => {
  const trusted = authority();
  const address = "127.200.100.50";
  await withSite((_request, response) => response.end("by address"), async (site) => {
    assert.equal(await fetched(`https://${address}:${PORT}/`, site, { authority: trusted }), "by address");
  }, { certificate: trusted.issue([address]), address });
});

test("verification cannot be switched off by the environment", async () => {
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
  try {
    await withSite((_request, response) => response.end("x"), async (site) => {
      assert.match(await fetched(`https://site.test:${PORT}/`, site), /is not trusted/);
    }, { certificate: authority().issue(["site.test"]) });
  } finally {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
  }
});

test("a server without TLS behind https is told as such", async () => {
  await withSite((_request, response) => response.end("x"), async (site) => {
    assert.match(await fetched(`https://site.test:${PORT}/`, site), /no secure connection could be made/);
  });
});

test("a redirect from https to http is followed and said", async () => {
  const trusted = authority();
  await withSite((_request, response) => response.end("plain"), async (plain) => {
    await withSite((_request, response) => {
      response.writeHead(302, { location: `${plain.origin}/` }).end();
    }, async (site) => {
      const client = clientOf({
        policy: policyOf({ allowHost: asPublic(site, plain), ignoreRobots: true }),
        resolve: () => Promise.resolve([site.address]),
      }, [trusted.cert]);
      const got = await client.get(`https://site.test:${PORT}/`, "read", undefined, watch());
      assert.equal(got.bytes.toString(), "plain");
      assert.match(got.notes.join("\n"), /led from https to plain http/);
    }, { certificate: trusted.issue(["site.test"]) });
  });
});

test("through a proxy a tunnel leads to the checked address", async () => {
  const trusted = authority();
  const inside = { "site.test": "127.0.0.1" };
  await withSite((request, response) => response.end(`for ${request.headers.host}`), async (site) => {
    await withProxy(async ({ url, asked, logins }) => {
      const proxy = { https: url.replace("//", "//ada:p%40ss@"), http: url };
      const got = await fetched(`https://site.test:${PORT}/`, site, { authority: trusted, proxy });
      assert.equal(got, `for site.test:${PORT}`);
      assert.deepEqual(asked, [`CONNECT ${site.address}:${PORT}`]);
      assert.equal(logins[0], `Basic ${btoa("ada:p@ss")}`);
    }, { names: inside });
  }, { certificate: trusted.issue(["site.test"]) });
});

test("plain http goes through such a tunnel, too: a proxy cannot lead it inside", async () => {
  await withSite((_request, response) => response.end("secret"), async (inside) => {
    await withSite((_request, response) => response.end("public"), async (site) => {
      await withProxy(async ({ url, asked }) => {
        const got = await fetched(`http://site.test:${PORT}/`, site, { proxy: { http: url } });
        assert.equal(got, "public");
        assert.deepEqual(asked, [`CONNECT ${site.address}:${PORT}`]);
        assert.equal(inside.connections, 0);
        const refused = await fetched(`http://${inside.address}:${PORT}/`, site, { proxy: { http: url } });
        assert.match(refused, /no address on the public internet/);
        assert.equal(asked.length, 1, "the proxy was not even asked");
      }, { names: { "site.test": inside.address } });
    });
  });
});

test("control: a host that the person vouches for is given to the proxy by name", async () => {
  await withSite((_request, response) => response.end("secret"), async (inside) => {
    await withProxy(async ({ url, asked }) => {
      const policy = policyOf({ allowHost: [{ host: "site.test", port: "" }], ignoreRobots: true });
      const options = { proxy: { http: url }, policy, resolve: () => Promise.resolve([]) };
      assert.equal(await fetched(`http://site.test:${PORT}/`, inside, options), "secret");
      assert.deepEqual(asked, [`GET http://site.test:${PORT}/`]);
    }, { names: { "site.test": inside.address } });
  });
});

test("a proxy that refuses, and one that is not there, are told apart from the page", async () => {
  await withSite((_request, response) => response.end("x"), async (site) => {
    await withProxy(async ({ url }) => {
      const said = await fetched(`https://site.test:${PORT}/`, site, { proxy: { https: url } });
      assert.match(said, /the proxy 127\.0\.0\.1:\d+ refused a tunnel to 127\.[\d.]+:8080 \(403\)/);
      assert.match(said, /--allow-host site\.test/);
    }, { refuse: 403 });
    const said = await fetched(`https://site.test:${PORT}/`, site, {
      proxy: { https: "http://ada:secret@127.0.0.1:1" },
    });
    assert.match(said, /Cannot reach the proxy 127\.0\.0\.1:1: .*ECONNREFUSED/);
    assert.doesNotMatch(said, /secret/);
  });
});

test("the variables of proxies are read as curl reads them", () => {
  const settings = proxySettings({
    HTTP_PROXY: "upper.test:3128",
    http_proxy: "http://lower.test:3128",
    ALL_PROXY: "http://all.test:8000",
    NO_PROXY: "localhost,.corp.test, plain.test:8080 10.0.0.0/8,[::1]",
  });
  const pick = (url: string) => proxyFor(new URL(url), settings)?.host;
  assert.equal(pick("http://example.com/"), "lower.test:3128");
  assert.equal(pick("https://example.com/"), "all.test:8000");
  for (
    const url of ["http://localhost/", "http://a.corp.test/", "http://corp.test/", "https://LOCALHOST./x"]
  ) {
    assert.equal(pick(url), undefined, url);
  }
  for (
    const url of ["http://plain.test:8080/", "http://a.plain.test:8080/", "http://10.1.2.3/", "http://[::1]/"]
  ) {
    assert.equal(pick(url), undefined, url);
  }
  assert.equal(pick("http://plain.test/"), "lower.test:3128");
  assert.equal(pick("http://notcorp.test/"), "lower.test:3128");
  assert.equal(proxyFor(new URL("http://a.test"), { http: "x.test", except: "*" }), undefined);
  assert.equal(proxyFor(new URL("http://a.test"), proxySettings({ HTTP_PROXY: "" })), undefined);
  assert.throws(
    () => proxyFor(new URL("http://a.test"), { http: "socks5://x.test:1080" }),
    /HTTP_PROXY names/,
  );
});
