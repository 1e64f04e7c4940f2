import { test } from "node:test";
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prove, thinEnvironment } from "../../lib/clients/proof.ts";
import type { Host } from "../../lib/config/host.ts";
import { isQuarantined, judgePath, lastingPath } from "../../lib/install/executable.ts";
import { sourceTarget } from "../client.ts";

const HOST: Host = {
  platform: "linux",
  env: { HOME: "/home/ada", SECRET: "s", PATH: "/x" },
  home: "/home/ada",
  cwd: "/",
};

async function withFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-proof-")));
  try {
    await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

test("prove starts a server from / with a thin environment and lists its tools", async () => {
  await withFolder(async (dir) => {
    const { command, args } = sourceTarget("main.ts");
    const host = { ...HOST, env: { HOME: dir, DENO_DIR: process.env.DENO_DIR } };
    const launch = {
      command,
      args: [...args, "serve", "--allow", dir, "--modules", "time"],
      env: { DENO_NO_UPDATE_CHECK: "1" },
    };
    const proof = await prove(launch, host);
    assert.ok(proof.ok, JSON.stringify(proof));
    assert.deepEqual(proof.tools.map(({ name }) => name), ["get_time"]);
    assert.match(proof.server, /^clawhammer \d/);
    assert.ok(proof.chars > (proof.tools[0]?.chars ?? Infinity));
  });
});

test("prove says why: no program, not executable, ended, silent, no protocol, an error", async () => {
  if (process.platform === "win32") return;
  await withFolder(async (dir) => {
    const script = async (body: string, limitMs = 20_000) => {
      const path = join(dir, "server");
      await writeFile(path, `#!/bin/sh\n${body}\n`);
      await chmod(path, 0o755);
      const proof = await prove({ command: path, args: [] }, HOST, limitMs);
      return proof.ok ? assert.fail("it worked") : proof;
    };
    const missing = await prove({ command: join(dir, "none"), args: [] }, HOST);
    assert.match(missing.ok ? "" : missing.why, /there is no program/);
    await writeFile(join(dir, "plain"), "");
    const plain = await prove({ command: join(dir, "plain"), args: [] }, HOST);
    assert.match(plain.ok ? "" : plain.why, /may not be executed/);
    const ended = await script('echo "why I ended" >&2; exit 3');
    assert.deepEqual([ended.why, ended.stderr], ["it ended with status 3 before it answered", "why I ended"]);
    assert.match((await script("exec sleep 30", 500)).why, /did not answer within 0.5 s/);
    assert.match((await script("sleep 30 & sleep 30", 500)).why, /did not answer within 0.5 s/);
    assert.match((await script("echo Welcome; read x")).why, /no message: Welcome/);
    const error = '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}';
    assert.match((await script(`read x; echo '${error}'; read y`)).why, /answered with an error: .*"no"/);
    const endless = `read x; echo '{"id":1,"result":{}}'; read y; n=2; while read z; do
      echo '{"id":'$n',"result":{"tools":[],"nextCursor":"x"}}'; n=$((n+1)); done`;
    assert.match((await script(endless, 500)).why, /did not answer within 0.5 s/);
    assert.match((await script("head -c 100000 /dev/zero | tr '\\0' e >&2; exit 1")).stderr, /^e{4000}$/);
  });
});

test("the thin environment hands on no secret and no PATH of a shell", () => {
  assert.deepEqual(thinEnvironment(HOST), { HOME: "/home/ada", PATH: "/usr/bin:/bin:/usr/sbin:/sbin" });
  const windows = {
    ...HOST,
    platform: "win32",
    env: { Path: "C:\\x", SystemRoot: "C:\\Windows", TOKEN: "t" },
  };
  assert.deepEqual(thinEnvironment(windows), { Path: "C:\\x", SystemRoot: "C:\\Windows" });
});

test("a link on PATH that leads to the executable is what lasts", async () => {
  if (process.platform === "win32") return;
  await withFolder(async (dir) => {
    const real = join(dir, "Cellar", "clawhammer", "0.1.0", "bin", "clawhammer");
    await mkdir(join(dir, "Cellar", "clawhammer", "0.1.0", "bin"), { recursive: true });
    await mkdir(join(dir, "bin"));
    await mkdir(join(dir, "other"));
    await writeFile(real, "");
    await writeFile(join(dir, "other", "clawhammer"), "");
    await symlink(real, join(dir, "bin", "clawhammer"));
    const at = (PATH: string) => lastingPath(real, { ...HOST, env: { PATH } });
    assert.equal(await at(`${join(dir, "other")}:bin:${join(dir, "bin")}`), join(dir, "bin", "clawhammer"));
    assert.equal(await at(join(dir, "other")), real);
    assert.equal(await at(""), real);
  });
});

test("places that do not last are refused or warned of", async () => {
  const mac: Host = {
    platform: "darwin",
    env: { TMPDIR: "/private/var/folders/x/T" },
    home: "/Users/ada",
    cwd: "/",
  };
  const hidden = "/private/var/folders/x/T/AppTranslocation/1/d/clawhammer";
  assert.match((await judgePath(hidden, mac)).refusal ?? "", /hiding place[^]*cp \/private/);
  const warned = async (path: string, host: Host) => (await judgePath(path, host)).warnings.join("\n");
  assert.match(await warned("/private/var/folders/x/T/clawhammer", mac), /temporary folder/);
  assert.match(await warned("/Users/ada/Downloads/clawhammer", mac), /among your downloads/);
  assert.equal(await warned("/Users/ada/Downloads2/clawhammer", mac), "");
  assert.match(await warned("/tmp/clawhammer", HOST), /temporary folder/);
  assert.equal(await warned("/opt/tmp/clawhammer", HOST), "");
  const windows: Host = {
    platform: "win32",
    env: { TEMP: "C:\\Users\\Ada\\AppData\\Local\\Temp" },
    home: "C:\\Users\\Ada",
    cwd: "C:\\",
  };
  assert.match(
    await warned("C:\\Users\\Ada\\AppData\\Local\\Temp\\x\\clawhammer.exe", windows),
    /PowerShell/,
  );
  assert.match(await warned("C:\\Users\\Ada\\Downloads\\clawhammer.exe", windows), /among your downloads/);
});

test("the mark of the web on Windows is found", async () => {
  await withFolder(async (dir) => {
    const windows: Host = { platform: "win32", env: {}, home: dir, cwd: dir };
    const path = join(dir, "clawhammer.exe");
    assert.equal(await isQuarantined(path, windows), false);
    // Elsewhere the stream is a file whose name has a colon, which reads the same.
    await writeFile(`${path}:Zone.Identifier`, "[ZoneTransfer]\r\nZoneId=3\r\n");
    assert.equal(await isQuarantined(path, windows), true);
  });
});
