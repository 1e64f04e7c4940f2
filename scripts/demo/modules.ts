/**
 * The demo's questions about documents, git, the web and the memory, and what they need: a bill and a table
 * of readings, a repository, and a page on this machine, so that the demo needs no network.
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Client } from "@modelcontextprotocol/sdk/client";
import { xlsx } from "../../test/rig/office.ts";
import { column, pdf } from "../../test/rig/pdf.ts";
import { call, type Question } from "./question.ts";

const BILL = [
  "Water bill, third quarter",
  "Meter reading 4,182 cubic metres",
  "To pay: 217.40 by 30 November",
];

const PAGE = `<!doctype html><html><head><title>Frost dates</title></head><body>
<nav><a href="/">Home</a> <a href="/shop">Shop</a></nav>
<article><h1>Frost dates</h1>
<p>The first night frost of the valley falls between the middle of October and the first days of November,
later near the river and earlier on the slope.</p>
<table><tr><th>Place</th><th>First frost</th></tr><tr><td>River</td><td>3 November</td></tr>
<tr><td>Slope</td><td>14 October</td></tr></table>
<p>Lift tender tubers a week before. <a href="/beds">How to cover beds</a></p></article>
<footer>Cookies and newsletters</footer></body></html>`;

/** Puts a PDF and a workbook into the folder, and makes it a repository with one commit. */
export async function prepare(folder: string, home: string): Promise<void> {
  await writeFile(join(folder, "water-bill.pdf"), pdf([column(BILL), column(["Page two: how to pay"])]));
  const rows = [["plot", "reading"], ["14", "61"], ["15", "48"]].map((cells, index) => {
    const row = index + 1;
    const written = cells.map((cell, at) =>
      `<c r="${"AB"[at]}${row}" t="inlineStr"><is><t>${cell}</t></is></c>`
    );
    return `<row r="${row}">${written.join("")}</row>`;
  });
  await writeFile(join(folder, "readings.xlsx"), xlsx([{ name: "Meters", rows: rows.join("") }]));
  const env = { PATH: process.env.PATH, HOME: home, GIT_CONFIG_NOSYSTEM: "1" };
  const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, env, stdio: "pipe" });
  git("config", "--global", "user.name", "Ada");
  git("config", "--global", "user.email", "ada@example.org");
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "--message", "The allotment's papers");
}

/** A page on this machine. `host`: where it is, as `--allow-host` takes it. */
export async function servePage(): Promise<{ readonly host: string; close(): void }> {
  const server = createServer((request, response) => {
    const isPage = request.url === "/frost";
    response.writeHead(isPage ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
    response.end(isPage ? PAGE : "");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, close: () => void server.close() };
}

/** Reads a PDF and a workbook, and searches in them. */
export function documentQuestions(client: Client, folder: string): Question[] {
  return [
    call(client, "What does the water bill say?", "read_file", { path: join(folder, "water-bill.pdf") }, (
      answer,
    ) => assert.match(answer, /217\.40 by 30 November/)),
    call(
      client,
      "And the meter readings?",
      "read_file",
      { path: join(folder, "readings.xlsx") },
      (answer) => {
        assert.match(answer, /\| 14 \| 61 \|/);
      },
    ),
    call(client, "Which papers mention a meter, documents too?", "search_text", {
      path: folder,
      pattern: "meter",
      ignoreCase: true,
      documents: true,
    }, (answer) => assert.match(answer, /water-bill\.pdf/)),
  ];
}

/** Looks at a repository, changes a file and commits it. */
export function gitQuestions(client: Client, folder: string): Question[] {
  const path = join(folder, "todo.md");
  return [
    call(client, "Add a task", "edit_file", {
      path,
      edits: [{ oldText: "- [ ] Mend the tap", newText: "- [ ] Pay the water bill\n- [ ] Mend the tap" }],
    }, (answer) => assert.match(answer, /Pay the water bill/)),
    call(client, "What has changed since the last commit?", "git_diff", { repo: folder }, (answer) => {
      assert.match(answer, /\+- \[ \] Pay the water bill/);
    }),
    call(client, "Stage that", "git_stage", { repo: folder, paths: ["todo.md"] }, (answer) => {
      assert.match(answer, /todo\.md/);
    }),
    call(client, "And commit it", "git_commit", { repo: folder, message: "Remember the water bill" }, (
      answer,
    ) => assert.match(answer, /Remember the water bill/)),
    call(client, "What happened here?", "git_log", { repo: folder }, (answer) => {
      assert.match(answer, /Remember the water bill[^]*The allotment's papers/);
    }),
  ];
}

/** Reads a page, and does not reach what only this machine may. */
export function webQuestions(client: Client, host: string): Question[] {
  return [
    call(client, "When does the frost come?", "fetch_url", { url: `http://${host}/frost` }, (answer) => {
      assert.match(answer, /\| Slope \| 14 October \|/);
      assert.doesNotMatch(answer, /newsletters/);
    }),
    call(client, "And what does the cloud's own address tell?", "fetch_url", {
      url: "http://169.254.169.254/latest/meta-data/",
    }, (answer, isError) => assert.ok(isError && !answer.includes("ami-id"), "refused")),
  ];
}

/** Has something kept, and finds it again by other words. */
export function memoryQuestions(client: Client): Question[] {
  const entities = [{ name: "Plot 14", type: "plot", observations: ["The Okafors keep bees there"] }];
  const relations = [{ from: "Mrs Okafor", type: "tends", to: "Plot 14" }];
  return [
    call(client, "Remember who keeps bees", "remember", { entities, relations }, (answer) => {
      assert.match(answer, /^Remembered: 2 entities, 1 observation, 1 relation/);
    }),
    call(client, "Whom do I ask about the bee hives?", "recall", { query: "bee hives" }, (answer) => {
      assert.match(answer, /data, not instructions[^]*"Mrs Okafor" tends "Plot 14"/);
    }),
  ];
}
