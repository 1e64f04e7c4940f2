import { test } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { entryOf, isOurs, readClientConfig } from "../../lib/clients/config.ts";
import { placesOf } from "../../lib/clients/places.ts";
import { CLIENTS, findClient } from "../../lib/clients/table.ts";
import type { Client } from "../../lib/clients/types.ts";
import { type Host, platformFolders } from "../../lib/config/host.ts";
import { ToolError } from "../../lib/errors.ts";
import { exactBefore, install, uninstall } from "../../lib/install/apply.ts";
import { type Plan, planInstall, planRemoval, type Wish } from "../../lib/install/plan.ts";
import { type Installations, openInstallations } from "../../lib/install/record.ts";
import { replaceConfig } from "../../lib/install/write.ts";
import { createRandom } from "../rig/random.ts";

const COMMAND = "/opt/clawhammer";
const MODULES = ["files", "search", "time", "thinking"];

interface Home {
  readonly host: Host;
  readonly kept: Installations;
  /** Installs into the only place a client has. */
  install(client: Client, wish?: Partial<Wish>): Promise<Plan>;
  /** Uninstalls; false when there was nothing. */
  uninstall(client: Client, name?: string): Promise<boolean>;
  path(client: Client): string;
  /** Writes a configuration, and the folder it is in. */
  put(client: Client, content: string): Promise<string>;
}

/** A home folder on this disk, seen as one of Linux. */
async function withHome(work: (home: Home) => Promise<void>): Promise<void> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-home-")));
  const host: Host = { platform: "linux", env: {}, home: dir, cwd: dir };
  const kept = openInstallations(platformFolders(host).data ?? assert.fail());
  const place = (client: Client) => placesOf(client, host)[0] ?? assert.fail("no place");
  try {
    await work({
      host,
      kept,
      path: (client) => place(client).path,
      async install(client, wish = {}) {
        const whole: Wish = {
          name: "clawhammer",
          program: { command: COMMAND, args: ["serve"] },
          flags: ["--allow", "/home/ada/Documents"],
          replace: () => true,
          offered: () => Promise.resolve({ modules: MODULES, readOnly: false }),
          ...wish,
        };
        return (await install(() => planInstall(client, place(client), whole, host), kept)).plan;
      },
      async uninstall(client, name = "clawhammer") {
        const at = place(client);
        const done = await uninstall(async () => {
          const installed = await kept.find(at.path, name);
          return await planRemoval(
            client,
            at,
            name,
            installed,
            (now) => exactBefore(installed, now, kept),
            COMMAND,
          );
        }, kept);
        return done !== undefined;
      },
      async put(client, content) {
        const { path } = place(client);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, content);
        return path;
      },
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Configurations with comments, odd formatting and other servers. */
const FIXTURES: Readonly<Record<string, readonly string[]>> = {
  json: [
    "",
    "{}",
    '{"mcpServers":{}}',
    '{ "globalShortcut" : "",\r\n\r\n   "mcpServers": {"a b": {"command":"npx","args":["-y"],\r\n"env":{"K":"s3cret"}}}}',
    '\uFEFF{\n\t"mcpServers" :\t{\n\t\t"x": { "command": "y" }\n\t}\n}',
  ],
  jsonc: [
    "",
    "// nothing yet\n{\n}\n",
    '{\n  // theme\n  "theme": "One", /* dark */\n  "servers": { },\n  "context_servers": {\n    "a": {"command": "b"}, // keep\n  },\n}\n',
    '{"mcpServers":{"a":{"command":"b"}}} // end',
  ],
  toml: [
    "",
    '# Codex\nmodel = "gpt"\n\n[mcp_servers.other]\ncommand = "npx" # note\n',
    'x = """\n[mcp_servers.clawhammer]\n"""\r\n[profiles."a.b"]\r\ny = 1',
  ],
  yaml: [
    "",
    "# Goose\nGOOSE_MODEL: x\n",
    "extensions:\n  developer:\n    enabled: true   # yes\n    args: [ a,  b ]\n\nlast: |\n  text\n",
    "extensions: {}",
  ],
};

test("install then uninstall leaves the bytes of every client's configuration as they were", async () => {
  for (const client of CLIENTS) {
    for (const fixture of FIXTURES[client.format] ?? assert.fail(client.format)) {
      await withHome(async (home) => {
        const path = await home.put(client, fixture);
        await chmod(path, 0o640);
        const about = `${client.id} ${JSON.stringify(fixture)}`;
        const plan = await home.install(client);
        const config = await readClientConfig(client, path);
        assert.ok(config.status === "fine", about);
        const entry = config.servers.find(({ name }) => name === "clawhammer") ?? assert.fail(about);
        assert.deepEqual(entry.launch, plan.launch);
        assert.deepEqual({ ...Object(entry.raw) }, entryOf(client, "clawhammer", plan.launch));
        assert.ok(isOurs(entry));
        const installed = await readFile(path);
        const again = await home.install(client);
        assert.ok(again.existed && again.after === again.before, about);
        assert.deepEqual(await readFile(path), installed, `${about} is not idempotent`);
        assert.ok(await home.uninstall(client));
        assert.equal(await readFile(path, "utf8"), fixture, about);
        assert.equal((await stat(path)).mode & 0o777, 0o640);
        assert.equal(await home.uninstall(client), false);
      });
    }
  }
});

test("what did not exist before is gone afterwards: the file and the folders around it", async () => {
  for (const client of CLIENTS) {
    await withHome(async (home) => {
      await home.install(client);
      const path = home.path(client);
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      assert.ok(await home.uninstall(client));
      const left = (await readdir(home.host.home ?? "")).filter((name) => name !== ".local");
      assert.deepEqual(left, [], client.id);
    });
  }
});

test("when the file was changed meanwhile, only the entry is removed, and objects made for it", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const path = await home.put(claude, '{\n  "a": 1 // one\n}\n');
    await home.install(claude);
    await writeFile(path, (await readFile(path, "utf8")).replace('"a": 1', '"a": 2'));
    assert.ok(await home.uninstall(claude));
    assert.equal(await readFile(path, "utf8"), '{\n  "a": 2 // one\n}\n');

    await rm(path);
    await home.install(claude);
    await writeFile(path, (await readFile(path, "utf8")).replace("/home/ada/Documents", "/home/ada/Else"));
    assert.ok(await home.uninstall(claude));
    await assert.rejects(stat(path), { code: "ENOENT" });
  });
});

test("without the record, the entry is still removed", async () => {
  await withHome(async (home) => {
    const codex = findClient("codex");
    const path = await home.put(codex, 'model = "x"\n');
    await home.install(codex);
    await rm(join(home.host.home ?? "", ".local"), { recursive: true });
    assert.ok(await home.uninstall(codex));
    assert.equal(await readFile(path, "utf8"), 'model = "x"\n');
  });
});

test("a second installation changes what differs, and one uninstall goes back to before the first", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const before = '{"mcpServers": {"b": {"command": "c"}}}';
    const path = await home.put(claude, before);
    await home.install(claude);
    const plan = await home.install(claude, { flags: ["--allow", "/other", "--read-only"] });
    assert.deepEqual(plan.launch.args, ["serve", "--allow", "/other", "--read-only"]);
    const kept = await home.install(claude, {
      flags: undefined,
      program: { command: "/new/clawhammer", args: ["serve"] },
    });
    assert.deepEqual(kept.launch, {
      command: "/new/clawhammer",
      args: ["serve", "--allow", "/other", "--read-only"],
    });
    assert.ok(await home.uninstall(claude));
    assert.equal(await readFile(path, "utf8"), before);
  });
});

test("other keys of an entry that is there are kept; an entry of another program is refused", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const path = await home.put(
      claude,
      '{"mcpServers": {"clawhammer": {"env": {"A": "b"}, "command": "clawhammer", "alwaysAllow": ["x"], "args": []}}}',
    );
    await home.install(claude);
    assert.deepEqual(JSON.parse(await readFile(path, "utf8")).mcpServers.clawhammer, {
      env: { A: "b" },
      command: COMMAND,
      alwaysAllow: ["x"],
      args: ["serve", "--allow", "/home/ada/Documents"],
    });
    const other = '{"mcpServers": {"clawhammer": {"command": "/usr/bin/other"}}}';
    await writeFile(path, other);
    await assert.rejects(home.install(claude), (error: unknown) => {
      return error instanceof ToolError && /starts "\/usr\/bin\/other"/.test(error.message) &&
        /--name/.test(error.next);
    });
    assert.equal(await readFile(path, "utf8"), other);
    await home.install(claude, { name: "second" });
    assert.ok(await home.uninstall(claude, "second"));
    assert.equal(await readFile(path, "utf8"), other);
  });
});

test("a broken configuration is named with line and column and left alone", async () => {
  await withHome(async (home) => {
    for (
      const [id, text, place] of [
        ["claude", '{\n  "mcpServers": {\n    "a": 1\n    "b": 2\n  }\n}', "4:5"],
        ["codex", "model = \n", "1:9"],
        ["goose", "a: 1\n b: 2\n", "1:4"],
      ]
    ) {
      const client = findClient(id ?? "");
      const path = await home.put(client, text ?? "");
      await assert.rejects(home.install(client), (error: unknown) => {
        return error instanceof ToolError && error.message.startsWith(`${path}:${place}`);
      });
      assert.equal(await readFile(path, "utf8"), text);
      await assert.rejects(home.uninstall(client), ToolError);
    }
  });
});

test("a read-only file is explained and left alone", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const path = await home.put(claude, "{}");
    await chmod(path, 0o444);
    await assert.rejects(home.install(claude), (error: unknown) => {
      return error instanceof ToolError && /read-only/.test(error.message) && error.next.includes(path);
    });
    assert.equal(await readFile(path, "utf8"), "{}");
    assert.deepEqual(await readdir(dirname(path)), ["claude_desktop_config.json"]);
    assert.equal(await home.kept.find(path, "clawhammer"), undefined);
  });
});

test("a linked configuration stays a link, and what it names is changed", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const dotfiles = join(home.host.home ?? "", "dotfiles");
    await mkdir(dotfiles);
    const path = await home.put(claude, "");
    for (const content of ['{"a":1}', undefined]) {
      await rm(path);
      const target = join(dotfiles, content === undefined ? "missing.json" : "claude.json");
      if (content !== undefined) await writeFile(target, content);
      await symlink(target, path);
      await home.install(claude);
      assert.ok((await lstat(path)).isSymbolicLink());
      assert.ok((await readFile(target, "utf8")).includes(COMMAND));
      assert.ok(await home.uninstall(claude));
      assert.ok((await lstat(path)).isSymbolicLink());
      if (content !== undefined) assert.equal(await readFile(target, "utf8"), content);
    }
  });
});

test("an edit between reading and writing is not lost: everything is worked out anew", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const path = await home.put(claude, '{"n": 0}');
    const [place = assert.fail()] = placesOf(claude, home.host);
    const wish: Wish = {
      name: "clawhammer",
      program: { command: COMMAND, args: ["serve"] },
      flags: [],
      replace: () => false,
      offered: () => Promise.resolve({ modules: MODULES, readOnly: false }),
    };
    let edits = 0;
    await install(async () => {
      const plan = await planInstall(claude, place, wish, home.host);
      if (edits < 2) await writeFile(path, `{"n": ${++edits}}`);
      return plan;
    }, home.kept);
    const data = JSON.parse(await readFile(path, "utf8"));
    assert.equal(data.n, 2);
    assert.equal(data.mcpServers.clawhammer.command, COMMAND);
    await assert.rejects(
      install(async () => {
        const plan = await planInstall(claude, place, { ...wish, flags: ["--read-only"] }, home.host);
        await writeFile(path, `{"n": ${++edits}}`);
        return plan;
      }, home.kept),
      /again and again/,
    );
    assert.equal(await readFile(path, "utf8"), `{"n": ${edits}}`);
  });
});

test("replaceConfig refuses a file that is not what was read, also one that appears or vanishes", async () => {
  const dir = await mkdtemp(join(tmpdir(), "clawhammer-write-"));
  const path = join(dir, "c");
  try {
    const [one, two] = [Buffer.from("1"), Buffer.from("2")];
    await writeFile(path, two);
    await assert.rejects(replaceConfig(path, undefined, one), /changed meanwhile/);
    await assert.rejects(replaceConfig(path, one, undefined), /changed meanwhile/);
    await assert.rejects(replaceConfig(path, one, two), /changed meanwhile/);
    await rm(path);
    await assert.rejects(replaceConfig(path, one, two), /changed meanwhile/);
    assert.deepEqual(await readdir(dir), []);
    await assert.rejects(replaceConfig(join(dir, "n", "m", "c"), one, two), /changed meanwhile/);
    assert.deepEqual(await readdir(dir), []);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test("installations at the same time wait for each other: no entry is lost", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const names = Array.from({ length: 12 }, (_, i) => `c${i}`);
    const path = await home.put(claude, "{}");
    await Promise.all(names.map((name) => home.install(claude, { name })));
    const { mcpServers } = JSON.parse(await readFile(path, "utf8"));
    assert.deepEqual(Object.keys(mcpServers).sort(), [...names].sort());
    for (const name of names) assert.ok(await home.kept.find(path, name), name);
    await Promise.all(names.map((name) => home.uninstall(claude, name)));
    assert.deepEqual(JSON.parse(await readFile(path, "utf8")), {});
  });
});

test("replaced entries bring their folders along and come back, comments and all", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const text = `{
  "mcpServers": {
    "fs": { // mine
      "command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/ada/Documents/x", "/srv/b"],
    },
    "mem": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-memory"]},
    "t": {"command": "uvx", "args": ["mcp-server-time"], "env": {"K": "v"}}
  }
}
`;
    const path = await home.put(claude, text);
    const plan = await home.install(claude);
    assert.deepEqual(plan.replaced.map(({ name }) => name), ["fs", "t"]);
    assert.deepEqual(plan.stay.map(({ name }) => name), ["mem"]);
    assert.deepEqual(plan.launch.args, ["serve", "--allow", "/home/ada/Documents", "--allow", "/srv/b"]);
    const { servers } = await fine(claude, path);
    assert.deepEqual(servers.map(({ name }) => name), ["mem", "clawhammer"]);
    await writeFile(path, (await readFile(path, "utf8")).replace('"mem"', '"m2"'));
    assert.ok(await home.uninstall(claude));
    const back = (await fine(claude, path)).servers;
    assert.deepEqual(back.map(({ name }) => name), ["m2", "fs", "t"]);
    assert.deepEqual(back[1]?.launch?.args.slice(2), ["/home/ada/Documents/x", "/srv/b"]);
    await writeFile(path, text);
    await home.install(claude);
    assert.ok(await home.uninstall(claude));
    assert.equal(await readFile(path, "utf8"), text);
  });
});

async function fine(client: Client, path: string) {
  const config = await readClientConfig(client, path);
  assert.ok(config.status === "fine");
  return config;
}

test("backups are bounded, those that are needed stay", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const before = '{"a":   1}';
    const path = await home.put(claude, before);
    for (let i = 0; i < 30; i++) await home.install(claude, { flags: ["--allow", `/${i}`] });
    const folder = join(platformFolders(home.host).data ?? "", "install", "backups");
    assert.ok((await readdir(folder)).length <= 21);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.ok(await home.uninstall(claude));
    assert.equal(await readFile(path, "utf8"), before);
  });
});

test("property: over random formatting, install and uninstall give back the bytes, in every format", async () => {
  const seed = createRandom().seed;
  for (let round = 0; round < 60; round++) {
    const random = createRandom(seed + round);
    const client = random.pick(CLIENTS);
    const [container = ""] = client.container;
    const eol = random.pick(["\n", "\r\n"]);
    const space = () => random.pick(["", " ", "\t", eol, `${eol}  `]);
    const note = (mark: string) => random.int(2) === 0 ? "" : `${mark} "a: [${eol}`;
    const text = client.format === "toml"
      ? `${note("#")}x =${random.pick(["", " ", "\t"])}1${eol}${note("#")}[${container}.o]${eol}command="c"${
        random.pick(["", eol, " "])
      }`
      : client.format === "yaml"
      ? `${note("#")}${container}:${eol}${random.pick([" ", "   "])}o: {cmd: c}${eol}${note("#")}z: 1${
        random.pick(["", eol])
      }`
      : `${random.pick(["", "\uFEFF"])}${space()}{${space()}"${container}"${space()}:${space()}{${
        random.pick(["", `"o"${space()}:${space()}{}${space()}`])
      }}${space()}}${space()}`;
    await withHome(async (home) => {
      const path = await home.put(client, text);
      await home.install(client);
      assert.notEqual(await readFile(path, "utf8"), text);
      assert.ok(await home.uninstall(client));
      assert.equal(
        await readFile(path, "utf8"),
        text,
        `SEED=${seed + round} ${client.id} ${JSON.stringify(text)}`,
      );
    });
  }
});
