import { test } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Outcome, run as runProgram } from "../rig/run.ts";
import { executableName, TARGETS } from "../../lib/pack/targets.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/release/install.sh", import.meta.url));

/** What stands for the executable: it answers like one. */
const FAKE = '#!/bin/sh\necho "clawhammer 9.9.9 (fake $1)"\n';

interface Place {
  /** Where it is installed to. */
  readonly to: string;
  /** The files of a release, by name; a test changes them. */
  readonly release: Map<string, string>;
  /** Runs the script; `programs` come first on the PATH. */
  run(args?: readonly string[], programs?: Readonly<Record<string, string>>): Promise<Outcome>;
}

function sha256(body: string): string {
  return createHash("sha256").update(body).digest("hex");
}

/** A release on a server of this machine, and a folder to install to. */
async function withRelease(work: (place: Place) => Promise<void>): Promise<void> {
  if (process.platform === "win32") return;
  // The script downloads with one of these; a machine without them has nothing to test.
  if (spawnSync("/bin/sh", ["-c", "command -v curl || command -v wget"]).status !== 0) return;
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-install-")));
  const names = TARGETS.map(executableName);
  const release = new Map(names.map((name) => [name, FAKE]));
  release.set("SHA256SUMS", names.map((name) => `${sha256(FAKE)}  ${name}\n`).join(""));
  const server = createServer((request, response) => {
    const body = release.get(request.url?.slice(1) ?? "");
    response.writeHead(body === undefined ? 404 : 200).end(body === undefined ? "" : Buffer.from(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const from = `http://127.0.0.1:${address.port}`;
  const to = join(base, "with space", "bin");
  try {
    await work({
      to,
      release,
      async run(args = ["--from", from, "--to", to], programs = {}) {
        const bin = join(base, "programs");
        await rm(bin, { recursive: true, force: true });
        await mkdir(bin);
        for (const [name, script] of Object.entries(programs)) {
          await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        }
        const env = { HOME: base, PATH: `${bin}:${process.env.PATH}`, no_proxy: "*" };
        return await runProgram("/bin/sh", [SCRIPT, ...args], { env });
      },
    });
  } finally {
    server.close();
    await rm(base, { recursive: true, force: true });
  }
}

/** Expects a refusal after which nothing is installed and nothing lies around. */
async function refused({ to }: Place, { code, err }: Outcome, why: RegExp): Promise<void> {
  assert.equal(code, 1);
  assert.match(err, why);
  assert.deepEqual(existsSync(to) ? await readdir(to) : [], []);
}

test("install.sh installs an executable whose checksum is right, and replaces it the next time", async () => {
  await withRelease(async ({ to, run }) => {
    for (let time = 0; time < 2; time++) {
      const { code, out, err } = await run();
      assert.equal(code, 0, err);
      assert.match(
        out,
        /Installed clawhammer 9\.9\.9 \(fake --version\) as .*\/with space\/bin\/clawhammer\n/,
      );
      assert.match(out, /Next: .*clawhammer install\n/);
      assert.deepEqual(await readdir(to), ["clawhammer"]);
      assert.equal(await readFile(join(to, "clawhammer"), "utf8"), FAKE);
      assert.equal((await stat(join(to, "clawhammer"))).mode & 0o777, 0o755);
    }
  });
});

test("install.sh refuses a tampered executable, and leaves an older one as it is", async () => {
  await withRelease(async (place) => {
    const { release, run, to } = place;
    for (const name of TARGETS.map(executableName)) release.set(name, `${FAKE}echo tampered\n`);
    await refused(
      place,
      await run(),
      /the checksum of clawhammer-\S+ is [0-9a-f]{64}, not [0-9a-f]{64}; nothing was/,
    );
    await mkdir(to, { recursive: true });
    await writeFile(join(to, "clawhammer"), "old");
    assert.equal((await run()).code, 1);
    assert.deepEqual(await readdir(to), ["clawhammer"]);
    assert.equal(await readFile(join(to, "clawhammer"), "utf8"), "old");
  });
});

test("install.sh refuses missing files, sums that do not name the file, and what does not run", async () => {
  await withRelease(async (place) => {
    const { release, run } = place;
    const sums = release.get("SHA256SUMS") ?? "";
    release.set("SHA256SUMS", sums.replaceAll("  clawhammer-", "  not-clawhammer-"));
    await refused(place, await run(), /SHA256SUMS does not name clawhammer-/);
    release.delete("SHA256SUMS");
    await refused(place, await run(), /cannot download .*SHA256SUMS/);
    const broken = "#!/bin/sh\nexit 1\n";
    release.set("SHA256SUMS", sums.replaceAll(sha256(FAKE), sha256(broken)));
    for (const name of TARGETS.map(executableName)) release.set(name, broken);
    await refused(place, await run(), /does not run here; nothing was installed/);
    for (const name of TARGETS.map(executableName)) release.delete(name);
    await refused(place, await run(), /cannot download .*clawhammer-/);
  });
});

test("install.sh knows systems, processors and C libraries, and what there is nothing for", async () => {
  await withRelease(async (place) => {
    const uname = (system: string, machine: string) =>
      `if [ "$1" = -m ]; then echo ${machine}; else echo ${system}; fi`;
    const cases: [string, string, string, string][] = [
      ["Linux", "x86_64", "ldd (GNU libc) 2.36", "linux-x64"],
      ["Linux", "aarch64", "musl libc (aarch64)", "linux-arm64-musl"],
      ["Linux", "amd64", "musl libc", "linux-x64-musl"],
      ["Darwin", "arm64", "", "darwin-arm64"],
      ["Darwin", "x86_64", "", "darwin-x64"],
    ];
    for (const [system, machine, libc, name] of cases) {
      const ldd = `echo '${libc}' >&2; exit 1`;
      const programs = { uname: uname(system, machine), ldd, sysctl: "echo 0", codesign: "exit 0" };
      const { out, code, err } = await place.run(undefined, programs);
      assert.equal(code, 0, err);
      assert.ok(out.startsWith(`Downloading clawhammer-${name} from `), out);
    }
    const translated = {
      uname: uname("Darwin", "x86_64"),
      sysctl: "echo 1",
      codesign: "exit 0",
      ldd: "exit 1",
    };
    assert.match((await place.run(undefined, translated)).out, /clawhammer-darwin-arm64/);
    assert.match(
      (await place.run(undefined, { uname: uname("FreeBSD", "amd64") })).err,
      /no executable for FreeBSD/,
    );
    assert.match(
      (await place.run(undefined, { uname: uname("Linux", "riscv64") })).err,
      /no executable for riscv64/,
    );
  });
});

test("install.sh takes no address without encryption, and no unknown argument", async () => {
  await withRelease(async (place) => {
    const { run, to } = place;
    await refused(place, await run(["--from", "http://example.org", "--to", to]), /is no https address/);
    await refused(place, await run(["--frm", "x"]), /unknown argument --frm/);
    await refused(place, await run(["--to"]), /--to needs a value/);
  });
});

test("install.sh runs nothing of itself when its download breaks off", async () => {
  if (process.platform === "win32") return;
  const script = await readFile(SCRIPT, "utf8");
  const half = script.slice(0, script.lastIndexOf('main "$@"'));
  const { out, err } = await runProgram("/bin/sh", ["-c", half, "sh", "--to", "/nowhere"], {
    env: process.env,
  });
  assert.deepEqual([out, err], ["", ""]);
});
