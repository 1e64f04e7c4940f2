import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { INITIALIZE, type Running, targets, withPlace, withServer } from "../client.ts";
import { docx, epub, paragraph, xlsx } from "../rig/office.ts";
import { column, pdf } from "../rig/pdf.ts";
import { gone } from "../rig/processes.ts";

type Content = { readonly type: string; readonly text?: string; readonly data?: string };

async function call(
  server: Running,
  name: string,
  args: object,
): Promise<{ text: string; content: Content[] }> {
  const id = `${name} ${JSON.stringify(args)}`;
  const { result } = await server.ask(id, "tools/call", { name, arguments: args });
  const content: Content[] = result.content;
  return { text: content.map((part) => part.text ?? "").join("\n"), content };
}

/** Pids of the readers that a process has started, on Linux. */
function readersOf(pid: number | undefined): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((child) => {
    try {
      const parent = readFileSync(`/proc/${child}/stat`, "latin1").split(") ").at(-1)?.split(" ")[1];
      const command = readFileSync(`/proc/${child}/cmdline`, "latin1");
      return parent === String(pid) && command.includes("worker\0document");
    } catch {
      return false;
    }
  });
}

for (const target of targets()) {
  test(`${target.name}: documents of every kind are read and searched`, async () => {
    await withPlace(async ({ dir, env }) => {
      const allowed = join(dir, "allowed");
      await mkdir(allowed);
      const files: Record<string, string | Buffer> = {
        "a.pdf": pdf([column(["A page with a fennel"]), { noise: 30 }]),
        "b.docx": docx(paragraph("Word about fennel")),
        "c.xlsx": xlsx([{
          name: "S",
          rows: '<row r="1"><c r="A1" t="inlineStr"><is><t>fennel</t></is></c></row>',
        }]),
        "d.epub": epub(["<p>A book about fennel</p>"]),
        "e.rtf": "{\\rtf1 fennel in RTF}",
        "f.eml": "From: a@example.com\nSubject: fennel\n\nHello\n",
        "private.docx": docx(paragraph("secret fennel")),
      };
      for (const [name, content] of Object.entries(files)) await writeFile(join(allowed, name), content);
      await withServer(target, ["--allow", allowed, "--protect", "private.*"], { env }, async (server) => {
        await server.ask("init", "initialize", INITIALIZE);
        server.send({ jsonrpc: "2.0", method: "notifications/initialized" });
        const first = await call(server, "read_file", { path: "a.pdf" });
        assert.match(
          first.text,
          /PDF document, 2 pages, as Markdown[\s\S]*## Page 1\n\nA page with a fennel/,
        );
        const image = await call(server, "read_file", { path: "a.pdf", pages: "1", as: "images" });
        assert.equal(Buffer.from(image.content[1]?.data ?? "", "base64").subarray(1, 4).toString(), "PNG");
        assert.match(
          (await call(server, "read_file", { path: "d.epub" })).text,
          /## Chapter 1\n\nA book about fennel/,
        );
        const found = await call(server, "search_text", { pattern: "fennel", documents: true });
        assert.match(found.text, /^6 matching lines in 6 files/);
        assert.match(found.text, /a\.pdf\n\[Page 1\]\n3: A page with a fennel/);
        assert.doesNotMatch(found.text, /secret|private/);
        assert.doesNotMatch((await call(server, "read_file", { path: "private.docx" })).text, /secret/);
      });
    });
  });

  test(`${target.name}: a document is read in a process of its own, which ends with the server`, async () => {
    if (process.platform !== "linux") return;
    await withPlace(async ({ dir, env }) => {
      await writeFile(join(dir, "a.pdf"), pdf([column(["text"])]));
      let readers: number[] = [];
      await withServer(target, ["--allow", dir], { env }, async (server) => {
        await server.ask("init", "initialize", INITIALIZE);
        assert.match((await call(server, "read_file", { path: "a.pdf" })).text, /## Page 1/);
        readers = readersOf(server.child.pid);
        assert.equal(readers.length, 1);
        // When it is killed, the next document gets another one.
        process.kill(readers[0] ?? 0, "SIGKILL");
        await writeFile(join(dir, "b.pdf"), pdf([column(["other"])]));
        assert.match((await call(server, "read_file", { path: "b.pdf" })).text, /other/);
        readers = readersOf(server.child.pid);
      });
      for (const pid of readers) await gone(pid);
    });
  });
}
