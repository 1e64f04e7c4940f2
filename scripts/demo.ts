// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * The main job, on show: starts the executable as Claude Desktop starts it, with the client most hosts ship
 * today, on a copy of test/fixtures/demo, and walks through what a person would ask. Every answer is
 * checked.
 * @module
 */
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client";
// @ts-types="@modelcontextprotocol/sdk/client/stdio"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { errorText } from "../lib/errors.ts";
import {
  documentQuestions,
  gitQuestions,
  memoryQuestions,
  prepare,
  servePage,
  webQuestions,
} from "./demo/modules.ts";
import { call, type Question } from "./demo/question.ts";
import { ROOT } from "./runtimes.mjs";

/** Lines and characters of an answer that are shown. */
const SHOWN_LINES = 16;
const SHOWN_CHARS = 110;

function openingQuestions(client: Client): Question[] {
  return [
    {
      title: "Who is there?",
      sent: "initialize",
      ask() {
        const server = client.getServerVersion();
        const instructions = client.getInstructions() ?? "";
        assert.equal(server?.name, "clawhammer");
        assert.ok(
          instructions.length > 0 && instructions.length <= 2_000,
          "instructions of 1 to 2,000 characters",
        );
        return Promise.resolve(`${server.name} ${server.version}\n${instructions}`);
      },
    },
    {
      title: "What can it do, and what does that cost in every conversation?",
      sent: "tools/list",
      async ask() {
        const { tools } = await client.listTools();
        for (const name of ["read_file", "edit_file", "search_text", "get_time", "think"]) {
          assert.ok(tools.some((tool) => tool.name === name), `${name} is listed`);
        }
        const chars = JSON.stringify(tools).length;
        assert.ok(chars <= 24_000, "at most 24,000 characters");
        return `${tools.length} tools, ${chars.toLocaleString("en-US")} characters in all\n` +
          tools.map((tool) => `${tool.name} (${JSON.stringify(tool).length}): ${tool.title}`).join("\n");
      },
    },
  ];
}

function fileQuestions(client: Client, folder: string, outside: string): Question[] {
  const todo = join(folder, "todo.md");
  const edits = [{ oldText: "- [ ] Mend the tap at plot 14", newText: "- [x] Mend the tap at plot 14" }];
  const isDone = async (): Promise<boolean> => (await readFile(todo, "utf8")).includes("- [x] Mend the tap");
  return [
    call(client, "What is in this folder?", "list_directory", { path: folder, depth: 2 }, (answer) => {
      for (const name of ["budget-2026.csv", "2026-10-12.md", "map.png"]) {
        assert.ok(answer.includes(name), name);
      }
    }),
    call(
      client,
      "Where is the tap mentioned?",
      "search_text",
      { path: folder, pattern: "tap at plot \\d+", regex: true, ignoreCase: true },
      (answer) => {
        for (const name of ["todo.md", "2026-09-14.md", "budget-2026.csv"]) {
          assert.ok(
            answer.includes(name),
            name,
          );
        }
      },
    ),
    call(client, "What did the last meeting decide?", "read_file", {
      path: join(folder, "minutes", "2026-10-12.md"),
    }, (answer) => assert.match(answer, /Divided by vote, 4 to 0/)),
    call(client, "And on the map?", "read_file", { path: join(folder, "plots", "map.png") }, (answer) => {
      assert.ok(answer.includes("[image]"), "an image");
    }),
    call(client, "Tick off the tap, but only show me what would change", "edit_file", {
      path: todo,
      edits,
      dryRun: true,
    }, async (answer) => {
      assert.match(answer, /\+- \[x\] Mend the tap/);
      assert.equal(await isDone(), false, "a dry run writes nothing");
    }),
    call(client, "Now do it", "edit_file", { path: todo, edits }, async (answer) => {
      assert.match(answer, /\+- \[x\] Mend the tap/);
      assert.equal(await isDone(), true, "the file on disk is changed");
    }),
    call(client, "What have you changed?", "list_changes", {}, (answer) => assert.match(answer, /todo\.md/)),
    call(client, "Take that back", "undo_change", { id: 1 }, async () => {
      assert.equal(await isDone(), false, "the file on disk is as it was");
    }),
    call(client, "And a file outside the folder?", "read_file", { path: outside }, (answer, isError) => {
      assert.ok(isError, "refused");
      assert.ok(!answer.includes("secret"), "without its contents");
    }),
  ];
}

function otherQuestions(client: Client, folder: string): Question[] {
  const uri = pathToFileURL(join(folder, "todo.md")).href;
  return [
    call(
      client,
      "At half past seven in London, on the day the clocks go back, what time is it in Tokyo?",
      "get_time",
      {
        zone: "Europe/London",
        at: "2026-10-25T19:30",
        to: "Asia/Tokyo",
      },
      (answer) => assert.match(answer, /04:30/),
    ),
    {
      title: "Attach a file to the conversation",
      sent: `resources/read ${uri}`,
      async ask() {
        const { contents } = await client.readResource({ uri });
        const text = contents.map((part) => "text" in part ? part.text : "").join("");
        assert.match(text, /Allotment society/);
        return text;
      },
    },
    {
      title: "What is in Claude's menu?",
      sent: "prompts/list, and prompts/get of the first",
      async ask() {
        const { prompts } = await client.listPrompts();
        const first = prompts[0];
        assert.ok(first !== undefined, "at least one prompt");
        const required = (first.arguments ?? []).filter((argument) => argument.required);
        const values = Object.fromEntries(required.map(({ name }) => [name, folder]));
        const { messages } = await client.getPrompt({ name: first.name, arguments: values });
        const text = messages.map(({ content }) => content.type === "text" ? content.text : "").join("\n");
        assert.ok(text.length > 0, "a message");
        return `${
          prompts.map(({ name, title }) => `${name}: ${title}`).join("\n")
        }\n\n${first.name} says:\n${text}`;
      },
    },
  ];
}

function show(answer: string): string {
  const lines = answer.trimEnd().split("\n");
  const shown = lines.slice(0, SHOWN_LINES).map((line) =>
    line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)} …` : line
  );
  if (lines.length > SHOWN_LINES) shown.push(`… ${lines.length - SHOWN_LINES} more lines`);
  return shown.map((line) => `   ${line}`.trimEnd()).join("\n");
}

/** Asks everything in turn, also after a wrong answer. @returns the number of wrong answers. */
async function interview(questions: readonly Question[], folder: string): Promise<number> {
  let wrong = 0;
  for (const [i, { title, sent, ask }] of questions.entries()) {
    console.log(`\n${i + 1}. ${title}\n   > ${sent.replaceAll(folder, "…")}`);
    try {
      console.log(show((await ask()).replaceAll(folder, "…")));
    } catch (error) {
      wrong++;
      console.log(show(`WRONG: ${errorText(error)}`));
    }
  }
  return wrong;
}

async function main(): Promise<number> {
  const temporary = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-demo-")));
  const folder = join(temporary, "Allotment");
  const home = join(temporary, "home");
  const outside = join(temporary, "outside.txt");
  const client = new Client({ name: "demo", version: "0.1.0" });
  const page = await servePage();
  try {
    await cp(join(ROOT, "test", "fixtures", "demo"), folder, { recursive: true });
    await mkdir(home);
    await writeFile(outside, "a secret\n");
    await prepare(folder, home);
    const command = join(ROOT, "dist", process.platform === "win32" ? "clawhammer.exe" : "clawhammer");
    const args = ["--allow", folder, "--allow-host", page.host];
    console.log(`Starting ${command} ${args.join(" ")}, in "/", with hardly any environment`);
    const env = { PATH: "/usr/bin:/bin", HOME: home, USERPROFILE: home, APPDATA: home, LOCALAPPDATA: home };
    await client.connect(new StdioClientTransport({ command, args, env, cwd: "/", stderr: "ignore" }));
    const questions = [
      ...openingQuestions(client),
      ...fileQuestions(client, folder, outside),
      ...documentQuestions(client, folder),
      ...gitQuestions(client, folder),
      ...webQuestions(client, page.host),
      ...memoryQuestions(client),
      ...otherQuestions(client, folder),
    ];
    const wrong = await interview(questions, folder);
    console.log(`\n${questions.length - wrong} of ${questions.length} answers were as they must be`);
    return wrong === 0 ? 0 : 1;
  } finally {
    await client.close();
    page.close();
    await rm(temporary, { recursive: true, force: true });
  }
}

if (import.meta.main) process.exitCode = await main();
