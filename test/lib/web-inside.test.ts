/** Whether the web leads inside: through names that change, redirects, and what errors tell. */
import assert from "node:assert/strict";
import { get } from "node:http";
import { test } from "node:test";
import { errorText } from "../../lib/errors.ts";
import { freshAddress, PORT, type Site, withNames, withRaw, withSite } from "../rig/web.ts";
import { asPublic, clientOf, policyOf, watch } from "../rig/web.ts";

const SECRET = "the secret of the inside";

/** A public site and one inside, both at the same port. */
async function withBoth(
  work: (open: Site, inside: Site) => Promise<void>,
  redirect?: (inside: Site) => string,
): Promise<void> {
  await withSite((_request, response) => response.end(SECRET), async (inside) => {
    await withSite((_request, response) => {
      if (redirect === undefined) return void response.end("hello from outside");
      response.writeHead(302, { location: redirect(inside) }).end();
    }, (open) => work(open, inside));
  });
}

/** The text that comes, or the refusal. */
async function outcome(work: Promise<{ bytes: Uint8Array }>): Promise<string> {
  try {
    return new TextDecoder().decode((await work).bytes);
  } catch (error) {
    return errorText(error);
  }
}

test("a name that is rebound after the check is connected to where it was checked", async () => {
  await withBoth(async (open, inside) => {
    await withNames({ "site.test": [open.address, inside.address] }, async (resolve) => {
      const client = clientOf({
        policy: policyOf({ allowHost: asPublic(open), ignoreRobots: true }),
        resolve,
      });
      const got = await outcome(client.get(`http://site.test:${PORT}/`, "read", undefined, watch()));
      assert.equal(got, "hello from outside");
      assert.equal(inside.connections, 0);
    });
  });
});

test("control: checking a name and then connecting by name reaches inside", async () => {
  await withBoth(async (open, inside) => {
    await withNames({ "site.test": [open.address, inside.address] }, async (resolve) => {
      assert.deepEqual(await resolve("site.test"), [open.address], "the check is passed");
      const got = await new Promise<string>((done, fail) => {
        get({
          host: "site.test",
          port: PORT,
          lookup: (host, options, found) => {
            resolve(host).then(([address = ""]) =>
              options.all ? found(null, [{ address, family: 4 }]) : found(null, address, 4)
            );
          },
        }, (answer) => {
          let text = "";
          answer.on("data", (piece) => text += piece);
          answer.on("end", () => done(text));
        }).on("error", fail);
      });
      assert.equal(got, SECRET);
      assert.equal(inside.connections, 1);
    });
  });
});

test("a name that is rebound between two calls is refused in the second", async () => {
  await withBoth(async (open, inside) => {
    await withNames({ "site.test": [open.address, inside.address] }, async (resolve) => {
      const client = clientOf({
        policy: policyOf({ allowHost: asPublic(open), ignoreRobots: true }),
        resolve,
      });
      const fetch = () => outcome(client.get(`http://site.test:${PORT}/`, "read", undefined, watch()));
      assert.equal(await fetch(), "hello from outside");
      assert.match(await fetch(), /"site\.test" has no address on the public internet/);
      assert.equal(inside.connections, 0);
    });
  });
});

test("robots.txt is asked at the checked address, and its redirects are checked", async () => {
  await withSite((_request, response) => response.end(SECRET), async (inside) => {
    const answer = (request: { url?: string }, response: import("node:http").ServerResponse) => {
      if (request.url !== "/robots.txt") return void response.end("page");
      response.writeHead(301, { location: `${inside.origin}/robots.txt` }).end();
    };
    await withSite(answer, async (open) => {
      await withNames({ "site.test": [open.address, inside.address] }, async (resolve) => {
        const client = clientOf({ policy: policyOf({ allowHost: asPublic(open) }), resolve });
        const got = await outcome(client.get(`http://site.test:${PORT}/`, "read", undefined, watch()));
        assert.match(
          got,
          /which says what may be fetched, cannot be read.*no address on the public internet/,
        );
        assert.equal(inside.connections, 0);
      });
    }, { robots: true });
  });
});

const FORMS: readonly ((address: string) => string)[] = [
  (address) => `http://${address}:${PORT}/`,
  (address) => `//${address}:${PORT}/`,
  (address) =>
    `http://${address.split(".").map((part) => `0x${Number(part).toString(16)}`).join(".")}:${PORT}/`,
  (address) =>
    `http://${address.split(".").map((part) => `0${Number(part).toString(8)}`).join(".")}:${PORT}/`,
  (address) => `http://${address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0)}:${PORT}/`,
  (address) => `http://[::ffff:${address}]:${PORT}/`,
  (address) => `http:\\\\${address}:${PORT}\\`,
  (address) => `http://name.test:${PORT}/?to=${address}`,
];

test("no redirect leads inside, however the address is written", async () => {
  for (const form of FORMS) {
    await withBoth(async (open, inside) => {
      await withNames({ "site.test": [open.address], "name.test": [inside.address] }, async (resolve) => {
        const policy = policyOf({ allowHost: asPublic(open) });
        const client = clientOf({ policy, resolve });
        const got = await outcome(client.get(`http://site.test:${PORT}/`, "read", undefined, watch()));
        assert.match(got, /no address on the public internet/, form(inside.address));
        assert.match(got, /\(redirected from http:\/\/site\.test:8080\/\)/);
        assert.equal(inside.connections, 0, form(inside.address));
      });
    }, (inside) => form(inside.address));
  }
});

test("control: with the guard off every one of these redirects reaches inside", async () => {
  for (const form of FORMS) {
    // A socket for IPv6 does not reach a server that listens on IPv4 in every system.
    if (form("").includes("ffff")) continue;
    await withBoth(async (open, inside) => {
      await withNames({ "site.test": [open.address], "name.test": [inside.address] }, async (resolve) => {
        const client = clientOf({ policy: policyOf({ allowPrivate: true }), resolve });
        const got = await outcome(client.get(`http://site.test:${PORT}/`, "read", undefined, watch()));
        assert.equal(got, SECRET, form(inside.address));
        assert.equal(inside.seen.length, 1);
      });
    }, (inside) => form(inside.address));
  }
});

test("redirects to other schemes, to files and with passwords are refused", async () => {
  for (
    const location of ["file:///etc/hostname", "ftp://x/", "data:text/plain,x", "http://a:b@example.com/"]
  ) {
    await withBoth(async (open) => {
      const client = clientOf({ policy: policyOf({ allowHost: asPublic(open) }) });
      const got = await outcome(client.get(`${open.origin}/`, "read", undefined, watch()));
      assert.match(got, /it is a file|is not fetched|never sent/, location);
    }, () => location);
  }
});

test("an open and a closed port inside are refused in the same words, without a connection", async () => {
  await withRaw((socket) => socket.end(), async (site) => {
    const client = clientOf({});
    const closed = freshAddress();
    const said = async (address: string, port: number) => {
      const text = await outcome(client.get(`http://${address}:${port}/`, "read", undefined, watch()));
      return text.replaceAll(address, "ADDRESS").replaceAll(`:${port}`, ":PORT");
    };
    const open = await said(site.address, PORT);
    assert.match(open, /no address on the public internet/);
    assert.equal(await said(closed, PORT), open);
    assert.equal(await said(site.address, 8443), open);
    assert.equal(site.connections, 0);
  });
});
