import { test } from "node:test";
import assert from "node:assert/strict";
import { getMcpConfigForManifest, MANIFEST_SCHEMAS, unpackExtension } from "@anthropic-ai/mcpb";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { createApp } from "../../lib/app.ts";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { pack } from "../../lib/cli/pack.ts";
import { loadConfig } from "../../lib/config.ts";
import type { Host } from "../../lib/config/host.ts";
import { drawIcon, ICON_SIZE } from "../../lib/pack/icon.ts";
import { launcher } from "../../lib/pack/launcher.ts";
import { executableName, type Target, TARGETS } from "../../lib/pack/targets.ts";
import { modules } from "../../main.ts";

const HOST: Host = { platform: process.platform, env: {}, home: "/home/ada", cwd: "/home/ada" };
const FLAGS = COMMANDS.find(({ name }) => name === "pack")?.flags ?? assert.fail("no command pack");

interface Manifest {
  readonly tools: { readonly name: string }[];
  readonly prompts: { readonly name: string }[];
  readonly user_config: Record<string, { readonly type: string; readonly multiple?: boolean }>;
  readonly server: { readonly mcp_config: { readonly args: string[]; readonly command: string } };
  readonly [key: string]: unknown;
}

interface Unpacked {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** A folder with an executable of nonsense for every platform, and packing from it. */
async function withPacker(
  work: (place: { dir: string; run(...args: string[]): Promise<Unpacked> }) => Promise<void>,
): Promise<void> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-pack-test-")));
  try {
    await mkdir(join(dir, "dist"));
    for (const target of TARGETS) {
      await writeFile(join(dir, "dist", executableName(target)), Buffer.from([...target.magic, 1, 2, 3]));
    }
    let count = 0;
    await work({
      dir,
      async run(...args) {
        const out = join(dir, `${++count}.mcpb`);
        const line = await loadConfig([...args, "--from", join(dir, "dist"), "-o", out], FLAGS, HOST);
        assert.equal(await quietly(() => pack({ modules, line, host: HOST, faults: [] })), 0);
        const folder = join(dir, String(count));
        assert.equal(await unpackExtension({ mcpbPath: out, outputDir: folder, silent: true }), true);
        return { folder, manifest: JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) };
      },
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Keeps what a command prints out of the output of the tests. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const streams = [process.stdout, process.stderr];
  const writes = streams.map((stream) => stream.write);
  const silent = (_text: unknown, done?: unknown) => {
    if (typeof done === "function") done();
    return true;
  };
  for (const stream of streams) stream.write = silent;
  try {
    return await work();
  } finally {
    streams.forEach((stream, i) => stream.write = writes[i] ?? stream.write);
  }
}

/** The command line that the official package makes of a manifest, for a person's choices. */
async function expanded(manifest: Manifest, folder: string, userConfig: Record<string, string[] | boolean>) {
  const config = await getMcpConfigForManifest({
    manifest: MANIFEST_SCHEMAS["0.3"].parse(manifest),
    extensionPath: folder,
    systemDirs: {},
    userConfig,
    pathSeparator: "/",
  });
  const { flags: serveFlags } = COMMANDS.find(({ name }) => name === "serve") ?? assert.fail("no serve");
  const [command, ...args] = config?.args ?? manifest.server.mcp_config.args;
  assert.equal(command, "serve");
  return { command: config?.command, line: await loadConfig(args, serveFlags, HOST) };
}

test("pack makes a bundle that the official schema accepts, with executables that may run", async () => {
  await withPacker(async ({ run }) => {
    const { folder, manifest } = await run("--target", "linux-x64", "--target", "darwin-arm64");
    MANIFEST_SCHEMAS["0.3"].parse(manifest);
    const { caller } = createApp(modules, (await loadConfig(["--modules", ALL], [], HOST)).config);
    assert.deepEqual(manifest.tools.map(({ name }) => name), caller.tools.map(({ name }) => name));
    assert.deepEqual(
      manifest.prompts.map(({ name }) => name),
      caller.modules.flatMap(({ prompts }) => prompts.map(({ name }) => name)),
    );
    assert.deepEqual(Object.keys(manifest.user_config), ["folders", "read_folders", "read_only"]);
    assert.deepEqual([manifest.user_config.folders?.type, manifest.user_config.folders?.multiple], [
      "directory",
      true,
    ]);
    const files = (await readdir(join(folder, "server"))).sort();
    assert.deepEqual(files, ["clawhammer-darwin-arm64", "clawhammer-linux-x64"]);
    const { mode } = await stat(join(folder, "server", "clawhammer-linux-x64"));
    if (process.platform !== "win32") assert.equal(mode & 0o777, 0o755);
    assert.equal((await readFile(join(folder, "icon.png"))).readUInt32BE(16), 512);
  });
});

const ALL = modules.map(({ name }) => name).join(",");

test("pack starts what fits each system, by a launcher where there are several", async () => {
  await withPacker(async ({ run }) => {
    const { manifest, folder } = await run();
    const { server } = manifest as unknown as {
      server: { mcp_config: { platform_overrides: Record<string, { command: string }> } };
    };
    const commands = Object.entries(server.mcp_config.platform_overrides).map(([system, { command }]) => [
      system,
      command,
    ]);
    assert.deepEqual(commands, [
      ["darwin", "${__dirname}/server/clawhammer-darwin"],
      ["win32", "${__dirname}/server/clawhammer-windows-x64.exe"],
      ["linux", "${__dirname}/server/clawhammer-linux"],
    ]);
    assert.deepEqual(manifest.compatibility, { platforms: ["darwin", "win32", "linux"] });
    assert.equal((await readdir(join(folder, "server"))).includes("clawhammer-windows-arm64.exe"), false);
  });
});

test("the official expansion of a bundle's arguments serves the folders a person picked", async () => {
  await withPacker(async ({ run }) => {
    const { manifest, folder } = await run("--target", "linux-x64");
    const picked = await expanded(manifest, folder, {
      folders: ["/home/ada/Documents", "/home/ada/with space:ro"],
      read_folders: ["/home/ada/Music", "/home/ada/x:ro"],
      read_only: true,
    });
    assert.deepEqual(picked.line.config.allow, [
      { path: "/home/ada/Documents", readOnly: false },
      { path: "/home/ada/with space:ro", readOnly: false },
      { path: "/home/ada/Music", readOnly: true },
      { path: "/home/ada/x:ro", readOnly: true },
    ]);
    assert.equal(picked.line.config.readOnly, true);
    assert.deepEqual(picked.line.operands, []);
    const some = await expanded(manifest, folder, { folders: ["/home/ada/a"] });
    assert.deepEqual(some.line.config.allow, [{ path: "/home/ada/a", readOnly: false }]);
    assert.equal(some.line.config.readOnly, false);
    const none = await expanded(manifest, folder, { folders: ["/a"], read_folders: [] });
    assert.deepEqual(none.line.config.allow.map(({ path }) => path), ["/a"]);
    const { line } = await expanded({ ...manifest, user_config: {} }, folder, {});
    assert.deepEqual([line.config.allow, line.config.readOnly, line.operands], [[], false, []]);
  });
});

test("pack bakes a policy in: what it says is not asked, what it leaves out is not offered", async () => {
  await withPacker(async ({ dir, run }) => {
    const file = join(dir, "policy.json");
    await writeFile(file, '\ufeff{\n  // Nothing is changed here.\n  "readOnly": true,\n}');
    const { folder, manifest } = await run(
      "--config",
      file,
      "--allow",
      "~/Documents",
      "--modules",
      "files",
      "--target",
      "linux-x64",
    );
    assert.deepEqual(manifest.user_config, {});
    assert.equal(manifest.tools.some(({ name }) => name === "write_file" || name === "get_time"), false);
    assert.match(await readFile(join(folder, "clawhammer.json"), "utf8"), /Nothing is changed here/);
    const { line } = await expanded(manifest, folder, {});
    assert.equal(line.config.file, join(folder, "clawhammer.json"));
    assert.deepEqual(line.config.allow, [{ path: "/home/ada/Documents", readOnly: false }]);
    assert.deepEqual([line.config.readOnly, line.config.modules], [true, ["files"]]);
    const quiet = await run("--modules", "time", "--target", "linux-x64");
    assert.deepEqual(quiet.manifest.user_config, {});
  });
});

test("pack refuses what cannot work, and leaves no half bundle", async () => {
  await withPacker(async ({ dir, run }) => {
    await writeFile(join(dir, "bad.json"), '{ "alow": [] }');
    await writeFile(join(dir, "above.json"), '{ "allow": ["../../x"] }');
    await writeFile(join(dir, "relative.json"), '{ "allow": ["shared"] }');
    const cases: [string[], RegExp][] = [
      [["--target", "linux-x46"], /Unknown target "linux-x46"\nDid you mean "linux-x64"/],
      [["--target", "windows-x64", "--target", "windows-arm64"], /one executable on Windows/],
      [["--config", join(dir, "bad.json")], /unknown key "alow"\nDid you mean "allow"/],
      [["--config", join(dir, "relative.json")], /policy says "allow": "shared", a relative path/],
      [["--config", join(dir, "above.json")], /policy says "allow": "\.\.\/\.\.\/x", a relative path/],
      [["--title", "a\nb"], /--title is/],
      [["--name", "Not a name"], /--name is "Not a name"/],
      [["--version", "latest"], /--version is "latest"/],
      [["operand"], /Unexpected "operand"/],
      [["--modules", "tme"], /Unknown module "tme"/],
    ];
    for (const [args, pattern] of cases) await assert.rejects(run(...args), pattern, args.join(" "));
    const alone = await loadConfig(["-o", join(dir, "own.mcpb")], FLAGS, HOST);
    const own = pack({ modules, line: alone, host: HOST, faults: [] });
    await assert.rejects(own, /Run from source, there is no executable to pack\n.*--from/);
    await writeFile(join(dir, "dist", "clawhammer-linux-x64"), "#!/bin/sh\n");
    await assert.rejects(run("--target", "linux-x64"), /is no executable of linux-x64/);
    await rm(join(dir, "dist", "clawhammer-linux-x64"));
    await assert.rejects(run("--target", "linux-x64"), /There is no "clawhammer-linux-x64"/);
    assert.deepEqual((await readdir(dir)).filter((name) => name.includes("mcpb")), []);
  });
});

test("pack makes the same bytes of the same things, so that a checksum means something", async () => {
  await withPacker(async ({ dir, run }) => {
    await run("--target", "linux-x64");
    await run("--target", "linux-x64");
    const [one, two] = await Promise.all([1, 2].map((n) => readFile(join(dir, `${n}.mcpb`))));
    assert.deepEqual(one, two);
    // Time and date of the first entry, in the words of MS-DOS: midnight, 1 January 1980.
    assert.equal(one?.readUInt32LE(10), 0x0021_0000);
  });
});

test("drawIcon draws a PNG of the size the manifest names, with clear corners", () => {
  const png = Buffer.from(drawIcon());
  assert.deepEqual([...png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [ICON_SIZE, ICON_SIZE]);
  const length = png.readUInt32BE(33);
  const rows = inflateSync(png.subarray(41, 41 + length));
  const opacity = (x: number, y: number) => rows[y * (1 + 4 * ICON_SIZE) + 4 + 4 * x];
  assert.equal(rows.length, ICON_SIZE * (1 + 4 * ICON_SIZE));
  assert.deepEqual([opacity(0, 0), opacity(511, 511), opacity(256, 256)], [0, 0, 255]);
});

test("the launcher of a bundle starts what fits processor and C library, with its arguments", async () => {
  if (process.platform === "win32") return;
  const dir = await mkdtemp(join(tmpdir(), "clawhammer-launcher-"));
  try {
    const linux = TARGETS.filter(({ system }) => system === "linux");
    const file = (target: Target) => executableName(target);
    const put = async (name: string, script: string) => {
      await writeFile(join(dir, name), `#!/bin/sh\n${script}\n`);
      await chmod(join(dir, name), 0o755);
    };
    for (const target of linux) await put(file(target), `echo ${target.name} "$@"`);
    await writeFile(join(dir, "start"), launcher(linux.map((target) => ({ target, file: file(target) }))));
    await chmod(join(dir, "start"), 0o755);
    const started = async (machine: string, libc: string) => {
      await put("uname", `echo ${machine}`);
      await put("ldd", `echo "${libc}" >&2; exit 1`);
      const { stdout, stderr } = spawnSync(join(dir, "start"), ["a b", "c"], {
        encoding: "utf8",
        env: { PATH: `${dir}:/usr/bin:/bin` },
      });
      return (stdout + stderr).trim();
    };
    assert.equal(await started("x86_64", "ldd (GNU libc) 2.36"), "linux-x64 a b c");
    assert.equal(await started("aarch64", "ldd (GNU libc) 2.36"), "linux-arm64 a b c");
    assert.equal(await started("x86_64", "musl libc (x86_64)"), "linux-x64-musl a b c");
    assert.match(await started("riscv64", "glibc"), /holds no executable for riscv64/);
    const glibc = linux.filter(({ musl }) => !musl);
    await writeFile(join(dir, "start"), launcher(glibc.map((target) => ({ target, file: file(target) }))));
    assert.match(await started("x86_64", "musl libc"), /holds no executable for x86_64 .*musl/);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
