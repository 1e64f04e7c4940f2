import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry } from "../../lib/clients/config.ts";
import type { Host } from "../../lib/config/host.ts";
import { recognise, type Recognised } from "../../lib/install/migrate.ts";
import { savingsOf } from "../../lib/install/savings.ts";
import { unwrap } from "../../lib/install/words.ts";

const LINUX: Host = { platform: "linux", env: {}, home: "/home/ada", cwd: "/" };
const WINDOWS: Host = { platform: "win32", env: {}, home: "C:\\Users\\Ada", cwd: "C:\\" };
const ALL = {
  modules: ["files", "web", "git", "memory", "time", "thinking"],
  readOnly: false,
  data: "/home/ada/.local/share/clawhammer",
};

function entry(words: readonly string[], disabled = false): Entry {
  const [command = "", ...args] = words;
  return { name: "e", launch: { command, args }, disabled, raw: {} };
}

function one(line: string | readonly string[], host = LINUX, offered = ALL): Recognised | undefined {
  return recognise([entry(typeof line === "string" ? line.split(" ") : line)], offered, host)[0];
}

test("the official servers are recognised behind every usual starter", () => {
  const cases: [string, string, string][] = [
    ["npx -y @modelcontextprotocol/server-filesystem /a", "filesystem", "npx"],
    ["npx --yes @modelcontextprotocol/server-filesystem@2026.8.31 /a", "filesystem", "npx"],
    [
      "/opt/homebrew/bin/npx -y -p @modelcontextprotocol/server-filesystem mcp-server-filesystem /a",
      "filesystem",
      "npx",
    ],
    [
      "npx --package=@modelcontextprotocol/server-filesystem -- mcp-server-filesystem /a",
      "filesystem",
      "npx",
    ],
    ["cmd /c npx -y @modelcontextprotocol/server-filesystem /a", "filesystem", "npx"],
    [
      "C:\\Windows\\System32\\cmd.exe /C npx.cmd -y @modelcontextprotocol/server-filesystem /a",
      "filesystem",
      "npx",
    ],
    ["bunx @modelcontextprotocol/server-filesystem /a", "filesystem", "npx"],
    ["bun x @modelcontextprotocol/server-filesystem /a", "filesystem", "npx"],
    ["pnpm dlx @modelcontextprotocol/server-filesystem /a", "filesystem", "npx"],
    ["yarn dlx @modelcontextprotocol/server-filesystem /a", "filesystem", "npx"],
    ["npm exec -y -- @modelcontextprotocol/server-filesystem /a", "filesystem", "npx"],
    ["deno run -A npm:@modelcontextprotocol/server-filesystem /a", "filesystem", "node"],
    [
      "node --no-warnings /x/node_modules/@modelcontextprotocol/server-filesystem/dist/index.js /a",
      "filesystem",
      "node",
    ],
    ["node /src/servers/src/filesystem/dist/index.js /a", "filesystem", "node"],
    ["mcp-server-filesystem /a", "filesystem", "itself"],
    ["env NODE_ENV=production npx -y @modelcontextprotocol/server-filesystem /a", "filesystem", "npx"],
    ["npx -y @modelcontextprotocol/server-memory", "memory", "npx"],
    ["npx -y @modelcontextprotocol/server-sequential-thinking", "sequential-thinking", "npx"],
    ["docker run --rm -i mcp/sequentialthinking", "sequential-thinking", "docker"],
    ["uvx mcp-server-fetch", "fetch", "uvx"],
    ["uvx mcp-server-fetch@latest", "fetch", "uvx"],
    ["uvx --python 3.12 --from mcp-server-fetch==2026.10.24 mcp-server-fetch", "fetch", "uvx"],
    ["uv tool run mcp-server-time", "time", "uvx"],
    ["uv --directory /src/servers/src/git run mcp-server-git", "git", "uvx"],
    ["uv run --with mcp-server-git python -m mcp_server_git", "git", "python"],
    ["pipx run mcp-server-git", "git", "uvx"],
    ["python3 -m mcp_server_fetch", "fetch", "python"],
    ["/v/bin/python3.12 -m mcp_server_time --local-timezone=Europe/Berlin", "time", "python"],
    ["/v/bin/mcp-server-git", "git", "itself"],
    ["docker run -i --rm mcp/fetch:latest", "fetch", "docker"],
    ["podman run -i --rm -e A=b --name x docker.io/mcp/time", "time", "docker"],
  ];
  for (const [line, server, starter] of cases) {
    assert.deepEqual([one(line)?.server, one(line)?.starter], [server, starter], line);
  }
  const shell = one(["/bin/zsh", "-lc", "exec npx -y @modelcontextprotocol/server-filesystem ~/x"]);
  assert.deepEqual(shell?.folders, [{ path: "/home/ada/x", readOnly: false }]);
});

test("other servers are not recognised", () => {
  for (
    const line of [
      "npx -y @modelcontextprotocol/server-github",
      "npx -y @someone/server-filesystem /a",
      "npx -y mcp-server-filesystem-plus /a",
      "npx -y @modelcontextprotocol/server-filesystem-evil /a",
      "docker run -i evil/mcp/filesystem /a",
      "docker run -i mcp/github",
      "docker exec -i x mcp/fetch",
      "uvx mcp-server-fetcher",
      "node /x/index.js",
      "npx",
      "python3 server.py",
    ]
  ) assert.equal(one(line), undefined, line);
  const quoted = ["sh", "-c", "npx -y @modelcontextprotocol/server-filesystem $(pwd)"];
  assert.equal(one(quoted), undefined);
  assert.equal(unwrap([]), undefined);
});

test("folders are kept: arguments, mounts of containers, the repository of git", () => {
  const folders = (line: string | readonly string[], host = LINUX) =>
    one(line, host)?.folders.map(({ path, readOnly }) => path + (readOnly ? ":ro" : ""));
  const npx = "npx -y @modelcontextprotocol/server-filesystem";
  assert.deepEqual(folders(`${npx} /a /b/../c /a ~/d $HOME/e \${HOME}/f`), [
    "/a",
    "/c",
    "/home/ada/d",
    "/home/ada/e",
    "/home/ada/f",
  ]);
  assert.deepEqual(
    folders([
      "cmd",
      "/c",
      "npx",
      "-y",
      "@modelcontextprotocol/server-filesystem",
      "C:\\My Docs",
      "%USERPROFILE%\\x",
    ], WINDOWS),
    [
      "C:\\My Docs",
      "C:\\Users\\Ada\\x",
    ],
  );
  const docker = "docker run -i --rm";
  assert.deepEqual(
    folders(
      `${docker} --mount type=bind,src=/home/ada/Desktop,dst=/projects/Desktop ` +
        "--mount type=bind,src=/o,dst=/projects/o,ro -v /not/shown:/else mcp/filesystem /projects",
    ),
    ["/home/ada/Desktop", "/o:ro"],
  );
  assert.deepEqual(folders(`${docker} -v /home/ada:/host:ro mcp/filesystem /host/code/`), [
    "/home/ada/code:ro",
  ]);
  assert.deepEqual(
    folders(["docker", "run", "-i", "-v", "C:\\Users\\Ada:/p", "mcp/filesystem", "/p"], WINDOWS),
    ["C:\\Users\\Ada"],
  );
  assert.deepEqual(folders("uvx mcp-server-git --repository /r"), ["/r"]);
  assert.deepEqual(folders("uvx mcp-server-git --repository=/r"), ["/r"]);
  assert.deepEqual(folders("uvx mcp-server-git -r /r"), ["/r"]);
  assert.deepEqual(folders(`${docker} --mount type=bind,src=/home/ada,dst=/work mcp/git`), ["/home/ada"]);
});

test("the option of the fetch server to ignore robots.txt becomes ours", () => {
  assert.deepEqual(one("uvx mcp-server-fetch --ignore-robots-txt")?.flags, ["--ignore-robots"]);
  assert.equal(one("uvx mcp-server-fetch --ignore-robots-txt")?.kept, undefined);
  assert.deepEqual(one("uvx mcp-server-fetch")?.flags, []);
  assert.match(
    one("uvx mcp-server-fetch --ignore-robots-txt --user-agent x")?.kept ?? "",
    /--user-agent has/,
  );
});

test("an entry that would lose something is kept, and the reason is said", async () => {
  const dir = await mkdtemp(join(tmpdir(), "clawhammer-migrate-"));
  try {
    await writeFile(join(dir, "file"), "");
    const npx = "npx -y @modelcontextprotocol/server-filesystem";
    const cases: [string, RegExp][] = [
      ["npx -y @modelcontextprotocol/server-memory", /memories were not found/],
      ["uvx mcp-server-fetch --proxy-url=http://p", /--proxy-url has no counterpart/],
      [`${npx} .`, /"\." is no path/],
      [`${npx} \${workspaceFolder}`, /no path that means the same/],
      [`${npx} /a ${join(dir, "file")}`, /single file/],
      ["docker run -i -v claude:/projects mcp/filesystem /projects", /inside the container only/],
    ];
    for (const [line, reason] of cases) assert.match(one(line)?.kept ?? "replaced", reason, line);
    assert.match(recognise([entry(`${npx} /a`.split(" "), true)], ALL, LINUX)[0]?.kept ?? "", /switched off/);
    const few = { ...ALL, modules: ["files", "time"], readOnly: true };
    assert.match(one("uvx mcp-server-fetch", LINUX, few)?.kept ?? "", /module "web" is not part/);
    const files = one(`${npx} /a`, LINUX, few);
    assert.equal(files?.kept, undefined);
    assert.match(files?.notes.join() ?? "", /--read-only/);
    assert.match(one("uvx mcp-server-time --local-timezone Asia/Tokyo")?.notes.join() ?? "", /Asia\/Tokyo/);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test("savings add up what is known and say when something is not", () => {
  const found = (line: string) => one(line) ?? assert.fail(line);
  assert.equal(savingsOf([]), "");
  const npx = [
    found("npx -y @modelcontextprotocol/server-filesystem /a"),
    found("npx -y @modelcontextprotocol/server-sequential-thinking"),
  ];
  assert.match(savingsOf(npx), /about 6 processes, about 200 MB of memory, about 4,404 tokens/);
  assert.doesNotMatch(savingsOf(npx), /never measured/);
  assert.match(
    savingsOf([found("uvx mcp-server-time")]),
    /about 2 processes, not counting what was never measured/,
  );
});
