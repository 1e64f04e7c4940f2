import assert from "node:assert/strict";
import { test } from "node:test";
import { ToolError } from "../../lib/errors.ts";
import { isInNetwork, reachOf } from "../../lib/web/address.ts";
import { judge, parseAddress } from "../../lib/web/guard.ts";
import type { HostPattern, WebPolicy } from "../../lib/web/hosts.ts";
import { policyOf } from "../rig/web.ts";

const PUBLIC = [
  "8.8.8.8",
  "93.184.216.34",
  "1.1.1.1",
  "192.0.1.1",
  "2606:4700::1111",
  "::ffff:8.8.8.8",
  "64:ff9b::808:808",
];
const PRIVATE = [
  ...[
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
  ],
  ...["::1", "fd12::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1"],
  ...["64:ff9b::7f00:1", "64:ff9b::10.0.0.1"],
];
const CLOSED = [
  ...[
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
  ],
  ...["192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.251"],
  ...["239.255.255.250", "240.0.0.1", "255.255.255.255"],
  ...["::", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "fd00:ec2::254", "fd20:ce::254", "2001:db8::1"],
  ...["::127.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b:1::1", "64:ff9b::a9fe:a9fe"],
  ...[
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:0:1::1",
    "2001:2::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "4000::1",
  ],
  ...[
    "0177.0.0.1",
    "0x7f.0.0.1",
    "2130706433",
    "127.1",
    "017700000001",
    "localhost",
    "",
    " 8.8.8.8",
    "8.8.8.8 ",
  ],
];

test("addresses lead to the public internet, to private networks, or nowhere we go", () => {
  for (const address of PUBLIC) assert.equal(reachOf(address), "public", address);
  for (const address of PRIVATE) assert.equal(reachOf(address), "private", address);
  for (const address of CLOSED) assert.equal(reachOf(address), "closed", address);
});

test("networks hold their addresses, also those of IPv4 written as IPv6", () => {
  assert.equal(isInNetwork("10.1.2.3", "10.0.0.0/8"), true);
  assert.equal(isInNetwork("::ffff:10.1.2.3", "10.0.0.0/8"), true);
  assert.equal(isInNetwork("11.1.2.3", "10.0.0.0/8"), false);
  assert.equal(isInNetwork("fd00::1", "10.0.0.0/8"), false);
  assert.equal(isInNetwork("example.com", "10.0.0.0/8"), false);
  assert.equal(isInNetwork("10.1.2.3", "nonsense"), false);
});

/** What the guard says: the addresses, or the first line of the refusal. */
async function verdict(
  address: string,
  policy: Partial<WebPolicy> = {},
  names: Readonly<Record<string, readonly string[]>> = {},
  proxied = false,
): Promise<string> {
  const resolve = (host: string) => {
    const found = names[host];
    return found === undefined
      ? Promise.reject(Object.assign(new Error("none"), { code: "ENOTFOUND" }))
      : Promise.resolve(found);
  };
  try {
    const { signal } = new AbortController();
    const route = await judge(parseAddress(address), policyOf(policy), resolve, proxied, signal);
    return route.addresses.join(" ");
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return error.message.replace(/^Cannot fetch "[^"]*": /, "");
  }
}

/** Every way to write this machine and the addresses of clouds that a URL parser understands. */
const INSIDE = [
  ...[
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "017700000001",
    "2130706433",
    "0",
  ],
  ...[
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "127.0.0.1.",
    "127.0.0.1..",
    "%31%32%37.0.0.1",
    "0x7F.0.0.0x1",
  ],
  ...[
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::127.0.0.1]",
    "[::]",
  ],
  ...[
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[fc00::1]",
  ],
  ...[
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "0xA9FEA9FE",
  ],
  ...["3232235521", "224.0.0.1", "255.255.255.255", "198.18.0.1", "localhost", "LOCALHOST.", "a.localhost"],
  ...["rebound", "mixed", "mapped", "v6", "xn--inside-q2d", "in\u00adside", "inside\t", "ｉｎｓｉｄｅ"],
];

const NAMES: Readonly<Record<string, readonly string[]>> = {
  "localhost": ["127.0.0.1", "::1"],
  "a.localhost": ["127.0.0.1"],
  "rebound": ["10.0.0.1"],
  "mixed": ["93.184.216.34", "10.0.0.1"],
  "mapped": ["::ffff:192.168.1.1"],
  "v6": ["2606:4700::1111", "fe80::1"],
  "inside": ["192.168.1.1"],
  "empty": [],
  "example.com": ["93.184.216.34"],
};

test("no way of writing an address or a name leads inside", async () => {
  for (const host of INSIDE) {
    for (const scheme of ["http", "https"]) {
      let said: string;
      try {
        said = await verdict(`${scheme}://${host}/`, {}, NAMES);
      } catch (error) {
        said = String(error);
      }
      assert.match(
        said,
        /no address on the public internet|is no web address/,
        `${scheme}://${host}/ → ${said}`,
      );
    }
  }
});

test("the same hosts are reached where the person opened them", async () => {
  assert.equal(await verdict("http://0x7f.1/", { allowPrivate: true }), "127.0.0.1");
  assert.equal(await verdict("http://mixed/", { allowPrivate: true }, NAMES), "93.184.216.34 10.0.0.1");
  assert.equal(await verdict("http://in\u00adside/", { allowPrivate: true }, NAMES), "192.168.1.1");
  assert.equal(await verdict("https://example.com/", {}, NAMES), "93.184.216.34");
  assert.equal(await verdict("https://EXAMPLE.com./", {}, NAMES), "93.184.216.34");
});

test("--allow-private opens private networks, not link-local or reserved addresses", async () => {
  for (
    const host of [
      "169.254.169.254",
      "0.0.0.0",
      "224.0.0.1",
      "[fe80::1]",
      "[2002:7f00:1::]",
      "v6",
      "240.0.0.1",
    ]
  ) {
    assert.match(await verdict(`http://${host}/`, { allowPrivate: true }, NAMES), /no address on/, host);
  }
  assert.equal(await verdict("http://127.0.0.1:5173/", { allowPrivate: true }), "127.0.0.1");
  assert.equal(
    await verdict("http://example.com:5173/", { allowPrivate: true }, NAMES),
    "port 5173 is closed",
  );
  assert.equal(await verdict("http://mixed:5173/", { allowPrivate: true }, NAMES), "port 5173 is closed");
  for (const port of [22, 25, 6667]) {
    assert.equal(
      await verdict(`http://127.0.0.1:${port}/`, { allowPrivate: true }),
      `port ${port} is closed`,
    );
  }
});

test("a name that leads inside and a name that leads nowhere are refused in the same words", async () => {
  const inside = await verdict("http://inside/", {}, NAMES);
  for (const name of ["nowhere", "empty"]) {
    assert.equal((await verdict(`http://${name}/`, {}, NAMES)).replace(name, "inside"), inside);
  }
});

test("a name server that does not answer is told apart from a name that does not exist", async () => {
  const resolve = () => Promise.reject(Object.assign(new Error("try again"), { code: "EAI_AGAIN" }));
  const { signal } = new AbortController();
  await assert.rejects(
    judge(new URL("http://example.com"), policyOf(), resolve, false, signal),
    /cannot be looked up now \(EAI_AGAIN\)/,
  );
});

const only = (...hosts: string[]): HostPattern[] =>
  hosts.map((text) => {
    const [host = "", port = ""] = text.split("|");
    return { host, port };
  });

test("--allow-host opens a host, its subdomains, a network or a port, and nothing beside it", async () => {
  const open = async (address: string, ...hosts: string[]) => {
    return /^[\d.]+$/.test(
      await verdict(address, { allowHost: only(...hosts) }, {
        ...NAMES,
        "a.inside": ["192.168.1.2"],
        "notinside": ["192.168.1.3"],
      }),
    );
  };
  assert.equal(await open("http://inside/", "inside"), true);
  assert.equal(await open("http://a.inside/", "inside"), false);
  assert.equal(await open("http://a.inside/", "*.inside"), true);
  assert.equal(await open("http://inside/", "*.inside"), true);
  assert.equal(await open("http://notinside/", "*.inside"), false);
  assert.equal(await open("http://inside/", "192.168.0.0/16"), true);
  assert.equal(await open("http://rebound/", "192.168.0.0/16"), false);
  assert.equal(await open("http://inside:8000/", "inside"), false);
  assert.equal(await open("http://inside:8000/", "inside|8000"), true);
  assert.equal(await open("http://inside/", "inside|8000"), false);
  assert.equal(await open("http://inside:1234/", "inside|*"), true);
  assert.equal(await open("http://169.254.169.254/", "169.254.169.254"), true);
});

test("--deny-host closes hosts; the most exact pattern counts, and of equal ones the refusal", async () => {
  const said = (address: string, denyHost: string[], allowHost: string[] = []) =>
    verdict(address, { denyHost: only(...denyHost), allowHost: only(...allowHost) }, {
      ...NAMES,
      "a.example.com": ["93.184.216.35"],
    });
  assert.match(await said("http://example.com/", ["example.com"]), /the person has closed "example\.com"/);
  assert.match(await said("http://EXAMPLE.COM./", ["example.com"]), /has closed/);
  assert.equal(await said("http://a.example.com/", ["example.com"]), "93.184.216.35");
  assert.match(await said("http://a.example.com/", ["*.example.com"]), /has closed/);
  assert.match(await said("http://example.com/", ["*"]), /has closed/);
  assert.equal(await said("http://example.com/", ["*"], ["example.com"]), "93.184.216.34");
  assert.match(await said("http://a.example.com/", ["*"], ["example.com"]), /has closed/);
  assert.match(await said("http://a.example.com/", ["a.example.com"], ["*.example.com"]), /has closed/);
  assert.match(await said("http://example.com/", ["example.com"], ["example.com"]), /has closed/);
  assert.match(await said("http://example.com/", ["93.184.216.34"]), /has closed/, "by its address");
  assert.match(await said("http://93.184.216.34/", ["93.184.0.0/16"]), /has closed/);
});

test("other ports than those of the web are closed", async () => {
  for (const port of [80, 443, 8080, 8443]) {
    assert.equal(await verdict(`http://example.com:${port}/`, {}, NAMES), "93.184.216.34");
  }
  for (const port of [1, 22, 25, 81, 3306, 6379, 8000, 8081, 9200, 65_535]) {
    assert.equal(await verdict(`http://example.com:${port}/`, {}, NAMES), `port ${port} is closed`);
  }
});

test("only whole http and https addresses without a password are read", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["file:///etc/passwd", /it is a file/],
    ["FILE:/etc/passwd", /it is a file/],
    ["ftp://example.com/", /"ftp:" is not fetched/],
    ["data:text/html,x", /"data:" is not fetched/],
    ["javascript:alert(1)", /"javascript:" is not fetched/],
    ["blob:https://example.com/x", /"blob:" is not fetched/],
    ["gopher://example.com/", /"gopher:" is not fetched/],
    ["ws://example.com/", /"ws:" is not fetched/],
    ["http://user:secret@example.com/", /password in an address is never sent/],
    ["http://example.com@127.0.0.1/", /password in an address is never sent/],
    ["example.com/page", /no web address/],
    ["//example.com/", /no web address/],
    ["", /no web address/],
    ["http://", /no web address/],
    ["http://[fe80::1%eth0]/", /no web address/],
    ["http://exa mple.com/", /no web address/],
    ["http://127.0.0.1.5.6/", /no web address/],
    [`http://example.com/${"a".repeat(9_000)}`, /has 9\d\d\d characters/],
  ];
  for (const [address, why] of refused) assert.throws(() => parseAddress(address), why, address);
  assert.equal(parseAddress(" HTTP://Example.COM/a b?c=d#e ").href, "http://example.com/a%20b?c=d#e");
  assert.throws(() => parseAddress("example.com/page"), {
    next: "Give the whole address: https://example.com/page",
  });
});

test("a refusal repeats no password and no invisible character", () => {
  const messages = ["http://user:hunter2@example.com/", "ftp://u:hunter2@x/\u202e"].map((address) => {
    try {
      parseAddress(address);
    } catch (error) {
      return String(error);
    }
    return "";
  });
  for (const message of messages) assert.doesNotMatch(message, /hunter2|\u202e/);
  assert.match(messages[0] ?? "", /…@example\.com/);
});

test("behind a proxy a name that this machine cannot resolve needs the person's word", async () => {
  assert.match(await verdict("https://nowhere/", {}, {}, true), /no address on the public internet/);
  assert.equal(await verdict("https://nowhere/", { allowHost: only("nowhere") }, {}, true), "");
  assert.match(await verdict("https://nowhere/", { allowHost: only("nowhere") }, {}, false), /no address on/);
  assert.match(await verdict("https://inside/", {}, NAMES, true), /no address on the public internet/);
});
