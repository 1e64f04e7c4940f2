import assert from "node:assert/strict";
import { test } from "node:test";
import type { IncomingMessage } from "node:http";
import type { Outgoing } from "../../lib/web/types.ts";
import { asPublic, clientOf, pagesOf, policyOf, type Site, watch, withRaw, withSite } from "../rig/web.ts";

const JSON_BODY: Outgoing = {
  method: "POST",
  body: { mediaType: "application/json", text: '{"city":"São Paulo"}' },
};

/** What a request carries. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text;
}

async function send(site: Site, path: string, outgoing: Outgoing = JSON_BODY, secret?: string) {
  const headers = secret === undefined ? [] : [{ origin: site.origin, name: "X-Api-Key", value: secret }];
  const pages = pagesOf({ policy: policyOf({ allowHost: asPublic(site), headers }) }, undefined);
  return await pages.send(`${site.origin}${path}`, outgoing, watch());
}

test("an origin is asked for nothing while the variable of its header is not set", async () => {
  await withSite((_, response) => response.end("other"), async (other) => {
    await withSite(({ url }, response) => {
      if (url === "/away") response.writeHead(302, { location: `${other.origin}/` }).end();
      else response.end("own");
    }, async (site) => {
      const allowHost = asPublic(site, other);
      const unsetHeaders = [{ origin: other.origin, name: "Authorization", missing: "API_TOKEN" }];
      const policy = policyOf({ allowHost, unsetHeaders });
      const refused = /: the environment variable API_TOKEN is not set/;
      const client = clientOf({ policy });
      await assert.rejects(client.get(`${other.origin}/`, "read", undefined, watch()), refused);
      await assert.rejects(client.get(`${site.origin}/away`, "read", undefined, watch()), refused);
      await assert.rejects(client.send(`${other.origin}/`, JSON_BODY, watch()), refused);
      assert.equal(other.seen.length, 0, "robots.txt included");
      const own = await client.get(`${site.origin}/`, "read", undefined, watch());
      assert.equal(own.bytes.toString(), "own");
    });
  });
});

test("send carries a body and the configured headers, and the answer comes without them", async () => {
  const secret = "key-of-the-person-123";
  await withSite(async (request, response) => {
    const text = await bodyOf(request);
    response.writeHead(201, { "content-type": "application/json" });
    response.end(JSON.stringify({ method: request.method, text, key: request.headers["x-api-key"] }));
  }, async (site) => {
    const page = await send(site, "/v1", JSON_BODY, secret);
    assert.equal(page.what, "201 Created, application/json");
    assert.ok(page.content.kind === "text");
    assert.deepEqual(JSON.parse(page.content.text), {
      method: "POST",
      text: '{"city":"São Paulo"}',
      key: "[secret]",
    });
    const [seen] = site.seen;
    assert.equal(seen?.headers["content-type"], "application/json");
    assert.equal(seen?.headers["content-length"], "21");
    assert.match(seen?.headers.accept ?? "", /^application\/json/);
    assert.equal(seen?.headers["x-api-key"], secret);
    // Nothing is kept: the same again is sent again.
    for (const method of ["PUT", "PATCH", "DELETE"] as const) {
      const { content } = await send(site, "/v1", { method });
      assert.match(content.kind === "text" ? content.text : "", new RegExp(`"${method}","text":""`));
    }
    await send(site, "/v1");
    assert.equal(site.seen.length, 5);
  });
});

test("send follows a redirect to a page about what was done, and sends nothing anywhere else", async () => {
  await withSite(async (request, response) => {
    await bodyOf(request);
    const status = Number(request.url?.slice(1));
    if (status > 0) response.writeHead(status, { location: "/done" }).end();
    else response.writeHead(200, { "content-type": "text/plain" }).end(request.method);
  }, async (site) => {
    for (const status of [301, 302, 303]) {
      const { content } = await send(site, `/${status}`);
      assert.deepEqual(content, { kind: "text", text: "GET" });
    }
    const refused: readonly (readonly [number, Outgoing["method"]])[] = [
      [307, "POST"],
      [308, "POST"],
      [302, "PUT"],
      [301, "DELETE"],
    ];
    for (const [status, method] of refused) {
      site.seen.length = 0;
      await assert.rejects(send(site, `/${status}`, { ...JSON_BODY, method }), (error: Error) => {
        assert.match(error.message, /^Cannot send to ".*": the server wants it sent to ".*\/done" instead$/);
        return true;
      });
      assert.deepEqual(site.seen.map(({ url }) => url), [`/${status}`]);
    }
  });
});

test("send says when it is not known what became of it, and what the server refuses", async () => {
  await withRaw((socket) => socket.end(), async (site) => {
    await assert.rejects(send(site, "/"), (error: Error & { next: string }) => {
      assert.match(error.message, /^Cannot send to /);
      assert.match(error.next, /^It may have been carried out nevertheless: look before you send it again\./);
      return true;
    });
    // What cannot be heard is never sent a second time.
    assert.equal(site.connections, 2);
  });
  await withSite((_request, response) => {
    response.writeHead(422, { "content-type": "application/json" }).end('{"error":"no such city"}');
  }, async (site) => {
    await assert.rejects(send(site, "/"), (error: Error & { next: string }) => {
      assert.match(error.message, /^Cannot send to ".*": the server answers with 422/);
      assert.match(error.next, /no such city/);
      assert.doesNotMatch(error.next, /carried out/);
      return true;
    });
  });
  await withSite((request, response) => {
    if (request.url === "/gone") response.writeHead(404).end();
    else response.writeHead(303, { location: "/gone" }).end();
  }, async (site) => {
    await assert.rejects(send(site, "/"), (error: Error & { next: string }) => {
      assert.match(error.next, /^It was sent, and only the page about it cannot be read\./);
      return true;
    });
  });
});

test("send is judged like fetching: what is inside stays closed, also behind a redirect", async () => {
  await withSite((_request, response) => response.end("inside"), async (inside) => {
    const pages = pagesOf({ policy: policyOf({}) }, undefined);
    await assert.rejects(pages.send(`${inside.origin}/`, JSON_BODY, watch()), /Cannot send to|Cannot fetch/);
    await withSite((_request, response) => {
      response.writeHead(303, { location: `${inside.origin}/secret` }).end();
    }, async (site) => {
      await assert.rejects(send(site, "/"));
    });
    assert.equal(inside.connections, 0);
  });
});
