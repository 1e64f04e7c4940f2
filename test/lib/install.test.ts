import { test } from "node:test";
import assert from "node:assert/strict";
import { chmod, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { entryOf, isOurs, readClientConfig } from "../../lib/clients/config.ts";
import { CLIENTS, findClient } from "../../lib/clients/table.ts";
import type { Client } from "../../lib/clients/types.ts";
import { platformFolders } from "../../lib/config/host.ts";
import { ToolError, UsageError } from "../../lib/errors.ts";
import { COMMAND, withHome } from "../rig/home.ts";
import { createRandom } from "../rig/random.ts";

/** Configurations with comments, odd formatting and other servers. */
const FIXTURES: Readonly<Record<string, readonly string[]>> = {
  json: [
    "",
    "{}",
    '{"mcpServers":{}}',
    '{ "globalShortcut" : "",\r\n\r\n   "mcpServers": {"a b": {"command":"npx",\r\n"env":{"K":"s3cret"}}}}',
    '\uFEFF{\n\t"mcpServers" :\t{\n\t\t"x": { "command": "y" }\n\t}\n}',
  ],
  jsonc: [
    "",
    "// nothing yet\n{\n}\n",
    '{\n  // theme\n  "theme": "One", /* dark */\n  "servers": { },\n' +
    '  "context_servers": {\n    "a": {"command": "b"}, // keep\n  },\n}\n',
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

test("a second installation changes what differs; one uninstall goes back to before the first", async () => {
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
      '{"mcpServers": {"clawhammer": {"env": {"A": "b"}, "command": "clawhammer", "alwaysAllow": ["x"]}}}',
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

test("uninstall leaves an entry that has become another program's, and one without a program", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const path = await home.put(claude, "{}");
    await home.install(claude);
    for (const entry of [{ command: "/usr/bin/other" }, { url: "https://example.org" }]) {
      const other = JSON.stringify({ mcpServers: { clawhammer: entry } });
      await writeFile(path, other);
      await assert.rejects(home.uninstall(claude), (error: unknown) => {
        return error instanceof ToolError && /left as it is/.test(error.next);
      });
      assert.equal(await readFile(path, "utf8"), other);
    }
    // Under another name the executable is still the one that was installed.
    await writeFile(path, '{"mcpServers": {}}');
    await home.install(claude, { program: { command: "/opt/hammer", args: ["serve"] } });
    await writeFile(path, `${await readFile(path, "utf8")}\n`);
    assert.ok(await home.uninstall(claude));
  });
});

test("a folder for backups that cannot be made is explained, and nothing is written", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const path = await home.put(claude, "{}");
    await writeFile(join(home.host.home ?? "", ".local"), "a file in the way");
    await assert.rejects(home.install(claude), (error: unknown) => {
      return error instanceof ToolError && /^Cannot keep a backup in ".*install"/.test(error.message);
    });
    assert.equal(await readFile(path, "utf8"), "{}");
  });
});

test("flags of an entry that this version does not take are named, and new ones help", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    await home.install(claude, { flags: ["--old-flag"] });
    const offered = (flags: readonly string[]) => {
      if (flags.includes("--old-flag")) throw new UsageError('Unknown flag "--old-flag"');
      return { modules: [], readOnly: false };
    };
    const wish = { offered: async (flags: readonly string[]) => await offered(flags) };
    await assert.rejects(home.install(claude, { ...wish, flags: undefined }), (error: unknown) => {
      return error instanceof ToolError && /does not take: Unknown flag "--old-flag"/.test(error.message);
    });
    const plan = await home.install(claude, { ...wish, flags: ["--read-only"] });
    assert.deepEqual(plan.launch.args, ["serve", "--read-only"]);
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

test("replaced entries bring their folders along and come back, comments and all", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const text = `{
  "mcpServers": {
    "fs": { // mine
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/ada/Documents/x", "/srv/b"],
    },
    "mem": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-memory"]},
    "t": {"command": "uvx", "args": ["mcp-server-time"], "env": {"K": "v"}}
  }
}
`;
    const path = await home.put(claude, text);
    const plan = await home.install(claude);
    assert.deepEqual(plan.replaced.map(({ name }) => name), ["fs", "t"]);
    assert.deepEqual(plan.replaced.flatMap(({ notes }) => notes), [
      'The variables of "t" are not carried over: K',
    ]);
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

test("what is allowed for reading only stays so when an entry that could change it is replaced", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const fs = ["-y", "@modelcontextprotocol/server-filesystem", "/home/ada/Documents/x", "/srv/b"];
    const web = ["mcp-server-fetch", "--ignore-robots-txt"];
    const mcpServers = { fs: { command: "npx", args: fs }, f: { command: "uvx", args: web } };
    await home.put(claude, JSON.stringify({ mcpServers }));
    const plan = await home.install(claude, {
      flags: ["--allow", "/home/ada/Documents:ro"],
      offered: () => Promise.resolve({ modules: ["files", "web"], readOnly: false }),
    });
    assert.deepEqual(plan.launch.args.slice(1), [
      "--allow",
      "/home/ada/Documents:ro",
      "--ignore-robots",
      "--allow",
      "/srv/b",
    ]);
    assert.deepEqual(plan.notes, ['"/home/ada/Documents/x" can only be read now, as --allow says']);
  });
});

test("variables that an entry needs and does not have are named", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    await home.put(claude, "{}");
    const offered = { modules: [], readOnly: false, missing: ["CRM_PASSWORD"] };
    const { notes } = await home.install(claude, { offered: () => Promise.resolve(offered) });
    assert.match(
      notes.join("\n"),
      /^CRM_PASSWORD is not set for this entry: add it under "env" of "clawhammer"/,
    );
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

test("property: install and uninstall give back the bytes of any formatting, in every format", async () => {
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
