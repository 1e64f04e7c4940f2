import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Host } from "../../lib/config/host.ts";
import { createPrograms } from "../../lib/programs.ts";

/** An executable file. */
async function program(path: string, body = "#!/bin/sh\n"): Promise<string> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, body);
  await chmod(path, 0o755);
  return path;
}

async function inFolder(work: (base: string, host: Host) => Promise<void>): Promise<void> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-programs-")));
  try {
    const home = join(base, "home");
    await mkdir(home);
    await work(base, { platform: "linux", env: { PATH: `relative:${join(base, "path")}` }, home, cwd: "/" });
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

function allow(path: string) {
  return [{ real: path, given: path, readOnly: false }];
}

test("a program on the PATH is found, and the shell is not asked", async () => {
  await inFolder(async (base, host) => {
    const path = await program(join(base, "path/tool-x"));
    const askShell = () => assert.fail("asked");
    assert.equal(await createPrograms({ host, allowed: [], askShell }).find("tool-x"), path);
  });
});

test("a program off the PATH is found by the login shell, which is asked once", async () => {
  await inFolder(async (base, host) => {
    const path = await program(join(base, "shell-path/tool-x"));
    const shell = await program(join(base, "bash"));
    let asked = 0;
    const askShell = () => Promise.resolve(asked++ === 0 ? `/nowhere:${join(base, "shell-path")}` : "");
    const programs = createPrograms({
      host: { ...host, env: { ...host.env, SHELL: shell } },
      allowed: [],
      askShell,
    });
    assert.equal(await programs.find("tool-x"), path);
    assert.equal(await programs.find("tool-y"), undefined);
    assert.equal(asked, 1);
    assert.ok((await programs.searchPath()).split(":").includes(join(base, "shell-path")));
  });
});

test("a login shell is believed behind what it prints by itself, and given up when it hangs", async () => {
  await inFolder(async (base, host) => {
    const path = await program(join(base, "shell-path/tool-x"));
    const body = `#!/bin/sh\necho "Welcome! PATH=/wrong"\nPATH=${
      join(base, "shell-path")
    }:$PATH\nexport PATH\neval "$4"\n`;
    const shell = await program(join(base, "zsh"), body);
    const env = { PATH: "/usr/bin:/bin", SHELL: shell };
    assert.equal(await createPrograms({ host: { ...host, env }, allowed: [] }).find("tool-x"), path);
    const hanging = await program(join(base, "fish"), "#!/bin/sh\nsleep 600 &\nsleep 600\n");
    const slow = createPrograms({ host: { ...host, env: { ...env, SHELL: hanging } }, allowed: [] });
    assert.equal(await slow.find("tool-x"), undefined);
  });
});

test("no login shell is asked that reads files a tool may write, or that is no shell", async () => {
  await inFolder(async (base, host) => {
    const shell = await program(join(base, "bash"));
    const askShell = () => assert.fail("asked");
    const env = { ...host.env, SHELL: shell };
    for (
      const options of [
        { host: { ...host, env }, allowed: allow(base), askShell },
        { host: { ...host, env }, allowed: allow(join(base, "home")), askShell },
        {
          host: { ...host, env: { ...env, SHELL: await program(join(base, "xonsh")) } },
          allowed: [],
          askShell,
        },
        { host: { ...host, env: { ...env, SHELL: join(base, "missing/bash") } }, allowed: [], askShell },
        { host: { ...host, platform: "win32", env }, allowed: [], askShell },
      ]
    ) assert.equal(await createPrograms(options).find("tool-x"), undefined);
  });
});

test("nothing in an allowed folder is a program, also not by way of a link", async () => {
  await inFolder(async (base, host) => {
    const inside = await program(join(base, "allowed/tool-x"));
    await mkdir(join(base, "path"));
    await symlink(inside, join(base, "path/tool-x"));
    const env = { PATH: `${join(base, "allowed")}:${join(base, "path")}` };
    const allowed = allow(join(base, "allowed"));
    const programs = createPrograms({ host: { ...host, env }, allowed });
    assert.equal(await programs.find("tool-x"), undefined);
    assert.ok(!(await programs.searchPath()).includes("allowed"));
    // Without the link, the same place is fine.
    await rm(join(base, "path/tool-x"));
    const outside = await program(join(base, "path/tool-x"));
    assert.equal(await programs.find("tool-x"), outside);
  });
});

test("a folder and a file that may not be executed are no programs", async () => {
  await inFolder(async (base, host) => {
    await mkdir(join(base, "path/tool-x"), { recursive: true });
    await writeFile(join(base, "path/tool-y"), "text");
    const programs = createPrograms({ host, allowed: [] });
    assert.equal(await programs.find("tool-x"), undefined);
    assert.equal(await programs.find("tool-y"), undefined);
  });
});

test("git is found where the installers of Windows put it, in whatever language or drive", async () => {
  const env = {
    PATH: "C:\\Windows",
    ProgramFiles: "D:\\Programme (x86)",
    ProgramW6432: "D:\\Programme",
    "ProgramFiles(x86)": "D:\\Programme (x86)",
    LOCALAPPDATA: "C:\\Users\\Ada\\AppData\\Local",
    ProgramData: "C:\\ProgramData",
  };
  const host: Host = { platform: "win32", env, home: "C:\\Users\\Ada", cwd: "C:\\" };
  const places = [
    // Git for Windows for everybody, for one user, of 32 bits; winget; scoop; chocolatey.
    "D:\\Programme\\Git\\cmd\\git.exe",
    "C:\\Users\\Ada\\AppData\\Local\\Programs\\Git\\cmd\\git.exe",
    "D:\\Programme (x86)\\Git\\cmd\\git.exe",
    "C:\\Users\\Ada\\AppData\\Local\\Microsoft\\WinGet\\Links\\git.exe",
    "C:\\Users\\Ada\\scoop\\shims\\git.exe",
    "C:\\ProgramData\\chocolatey\\bin\\git.exe",
  ];
  for (const place of places) {
    const isProgram = (path: string) => Promise.resolve(path === place);
    assert.equal(await createPrograms({ host, allowed: [], isProgram }).find("git"), place);
  }
  const isProgram = (path: string) => Promise.resolve(path === "C:\\Windows\\git.exe");
  assert.equal(await createPrograms({ host, allowed: [], isProgram }).find("git"), "C:\\Windows\\git.exe");
});

test("git is found where macOS keeps it, and never where it would only offer to be installed", async () => {
  const host: Host = { platform: "darwin", env: { PATH: "/usr/bin" }, home: "/Users/ada", cwd: "/" };
  const find = (...there: string[]) => {
    const isProgram = (path: string) => Promise.resolve(there.includes(path));
    return createPrograms({ host, allowed: [], isProgram }).find("git");
  };
  assert.equal(await find("/opt/homebrew/bin/git", "/usr/bin/git"), "/opt/homebrew/bin/git");
  const tools = "/Library/Developer/CommandLineTools/usr/bin/git";
  assert.equal(await find("/usr/bin/git", tools), tools);
  assert.equal(await find("/usr/bin/git"), undefined);
});
