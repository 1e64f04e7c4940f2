import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import manifest from "../../package.json" with { type: "json" };
import { INSTRUCTIONS_CHARS_MAX } from "../../lib/limits.ts";
import {
  type AnyClient,
  CLIENTS,
  type LaunchOptions,
  type Target,
  targets,
  withClient,
  withPlace,
} from "../client.ts";

/** Connects a client to a server that may use a folder with three files. */
async function withFolder(
  kind: typeof CLIENTS[number],
  target: Target,
  work: (client: AnyClient, dir: string) => Promise<void>,
  more: readonly string[] = [],
): Promise<void> {
  await withPlace(async ({ dir, env }) => {
    await writeFile(join(dir, "notes.txt"), "first line\nsecond line\n");
    await writeFile(join(dir, "größe 1.md"), "# Umlaut\n");
    await mkdir(join(dir, "src"));
    await writeFile(join(dir, "src", "main.ts"), "export const answer = 42;\n");
    const options: LaunchOptions = { env };
    await withClient(kind, target, ["--allow", dir, ...more], options, (client) => work(client, dir));
  });
}

/** Calls a tool; the text of its reply. */
async function text(client: AnyClient, name: string, args: Record<string, unknown>): Promise<string> {
  const { content, isError } = await client.callTool({ name, arguments: args });
  const parts: unknown[] = Array.isArray(content) ? content : [];
  const words = parts.map((part) =>
    typeof part === "object" && part !== null && "text" in part ? part.text : ""
  );
  return `${isError === true ? "ERROR " : ""}${words.join("\n")}`;
}

/** Expects a JSON-RPC error. */
async function expectError(work: Promise<unknown>, code: number, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof Error && "code" in error);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

for (const target of targets()) {
  test(`${target.name}: every client sees the same tools, sorted, with all four hints`, async () => {
    const seen: string[] = [];
    for (const kind of CLIENTS) {
      await withFolder(kind, target, async (client) => {
        const { tools } = await client.listTools();
        const names = tools.map((tool) => tool.name);
        assert.deepEqual(names, [...names].sort());
        for (const tool of tools) {
          assert.ok(tool.title && tool.description, tool.name);
          const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = tool.annotations ?? {};
          const hints = [readOnlyHint, destructiveHint, idempotentHint, openWorldHint];
          assert.ok(hints.every((hint) => typeof hint === "boolean"), tool.name);
        }
        const again = await client.listTools();
        assert.deepEqual(again.tools, tools);
        seen.push(JSON.stringify(tools));
      });
    }
    assert.equal(seen.length, CLIENTS.length);
    assert.equal(new Set(seen).size, 1);
  });

  for (const kind of CLIENTS) {
    test(`${target.name}, client ${kind}: introduces itself and names the folder`, async () => {
      await withFolder(kind, target, (client, dir) => {
        const server = client.getServerVersion();
        assert.deepEqual([server?.name, server?.title, server?.version], [
          "clawhammer",
          "Clawhammer",
          manifest.version,
        ]);
        const instructions = client.getInstructions() ?? "";
        assert.ok(instructions.includes(dir), instructions);
        assert.ok(instructions.length <= INSTRUCTIONS_CHARS_MAX);
        // The folder of user tools may be made at any time.
        const changing = { listChanged: true };
        const capabilities = { tools: changing, prompts: changing, resources: changing, completions: {} };
        assert.deepEqual(client.getServerCapabilities(), capabilities);
        return Promise.resolve();
      });
    });

    test(`${target.name}, client ${kind}: lists, reads, writes and edits files`, async () => {
      await withFolder(kind, target, async (client, dir) => {
        assert.match(await text(client, "list_directory", { path: dir }), /notes\.txt/);
        assert.match(await text(client, "read_file", { path: join(dir, "notes.txt") }), /second line/);
        const path = join(dir, "new", "file.txt");
        assert.doesNotMatch(await text(client, "write_file", { path, content: "old words\n" }), /^ERROR/);
        const edits = [{ oldText: "old", newText: "new" }];
        assert.doesNotMatch(await text(client, "edit_file", { path, edits }), /^ERROR/);
        assert.equal(await readFile(path, "utf8"), "new words\n");
        assert.match(await text(client, "get_time", { zone: "Europe/Berlin" }), /Berlin/);
        assert.match(await text(client, "read_file", { path: join(dir, "..", "secret") }), /^ERROR /);
        assert.match(await text(client, "read_file", { path, colour: 1 }), /^ERROR .*"colour"/);
      });
    });

    test(`${target.name}, client ${kind}: lists, completes and reads resources`, async () => {
      await withFolder(kind, target, async (client, dir) => {
        const { resources } = await client.listResources();
        const uri = pathToFileURL(join(dir, "notes.txt")).href;
        assert.ok(resources.some((resource) => resource.uri === uri), JSON.stringify(resources));
        const { contents } = await client.readResource({ uri });
        assert.deepEqual(contents, [{ uri, mimeType: "text/plain", text: "first line\nsecond line\n" }]);
        const { resourceTemplates } = await client.listResourceTemplates();
        const [template] = resourceTemplates;
        assert.ok(template !== undefined);
        const ref = { type: "ref/resource" as const, uri: template.uriTemplate };
        const { completion } = await client.complete({
          ref,
          argument: { name: "path", value: `${dir.slice(1)}/no` },
        });
        assert.ok(completion.values.some((value) => value.endsWith("notes.txt")), JSON.stringify(completion));
        // The 2.x client turns the older code into the newer one before anybody sees it.
        const missing = kind === "1.x" ? -32002 : -32602;
        await expectError(
          client.readResource({ uri: "nonsense://x" }),
          missing,
          /Resource not found: "nonsense:\/\/x"/,
        );
        await expectError(client.readResource({ uri: "file:///etc/passwd" }), -32602, /allowed folder/);
      });
    });

    test(`${target.name}, client ${kind}: lists, completes and renders prompts`, async () => {
      await withFolder(kind, target, async (client, dir) => {
        const { prompts } = await client.listPrompts();
        const tidy = prompts.find((prompt) => prompt.name === "tidy_folder");
        assert.ok(tidy?.title && tidy.description);
        const ref = { type: "ref/prompt" as const, name: "tidy_folder" };
        const { completion } = await client.complete({
          ref,
          argument: { name: "folder", value: `${dir}/s` },
        });
        assert.ok(completion.values.some((value) => value.includes("src")), JSON.stringify(completion));
        const { messages } = await client.getPrompt({ name: "tidy_folder", arguments: { folder: dir } });
        const [message] = messages;
        assert.equal(message?.role, "user");
        assert.ok(message?.content.type === "text" && message.content.text.includes(dir));
        await expectError(client.getPrompt({ name: "tidy_folder" }), -32602, /missing argument "folder"/);
        await expectError(client.getPrompt({ name: "tidy_foldr" }), -32602, /nearest: tidy_folder/);
      });
    });

    test(`${target.name}, client ${kind}: read-only hides and refuses what changes something`, async () => {
      const path = "notes.txt";
      await withFolder(kind, target, async (client) => {
        const { tools } = await client.listTools();
        assert.ok(tools.length > 0 && tools.every((tool) => tool.annotations?.readOnlyHint === true));
        assert.match(await text(client, "write_file", { path, content: "x" }), /^ERROR .*read-only/);
      }, ["--read-only"]);
    });

    test(`${target.name}, client ${kind}: an unknown tool is -32602 with the nearest name`, async () => {
      await withFolder(kind, target, async (client) => {
        await expectError(client.callTool({ name: "read_fil", arguments: {} }), -32602, /nearest: read_file/);
      });
    });
  }
}
