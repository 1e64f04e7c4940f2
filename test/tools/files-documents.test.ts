import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { files } from "../../tools/files/index.ts";
import { docx, paragraph, xlsx } from "../rig/office.ts";
import { column, pdf } from "../rig/pdf.ts";
import { withSandbox } from "../support.ts";

const BOOK = pdf(
  Array.from(
    { length: 60 },
    (_, page) =>
      column(Array.from({ length: 50 }, (_, line) => `Page ${page + 1} line ${line + 1} `.repeat(3))),
  ),
  { title: "Book" },
);

test("read_file shows a PDF as Markdown, and its further lines from the cache", async () => {
  await withSandbox([files], async ({ call, put, dir, cacheFolder }) => {
    await put({ "book.pdf": BOOK });
    const first = await call("read_file", { path: "book.pdf" });
    assert.equal(first.isError, false, first.text);
    assert.match(
      first.text,
      /^\S*: PDF document, 60 pages, title "Book", as Markdown, lines 1-\d+ of 3,179\n## Page 1\n\nPage 1 /,
    );
    const [, next] = /read_file (\{.*\})/.exec(first.text) ?? [];
    const kept = await readdir(join(cacheFolder, "documents"));
    assert.equal(kept.length, 1);
    const path = join(cacheFolder, "documents", kept[0] ?? "");
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(join(cacheFolder, "documents"))).mode & 0o777, 0o700);
    // What is shown comes from there: a second conversion would not know these words.
    const text = (await readFile(path)).toString("latin1").replaceAll("Page 59 line 3", "From the cache");
    await writeFile(path, Buffer.from(text, "latin1"));
    const second = await call("read_file", JSON.parse(next ?? "{}"));
    assert.match(second.text, /lines [\d,]+-[\d,]+ of 3,179/);
    const last = await call("read_file", { path: "book.pdf", offset: -104 });
    assert.match(last.text, /lines 3,076-3,179 of 3,179\n[\s\S]*From the cache[\s\S]*Page 60 line 50 /);
    await put({ "book.pdf": pdf([column(["Something else"])]) });
    assert.match(
      (await call("read_file", { path: join(dir, "book.pdf") })).text,
      /1 page, as Markdown, 3 lines\n[\s\S]*Something else/,
    );
  });
});

test("read_file gives the pages, the sheet or the range that is asked for, and goes on there", async () => {
  await withSandbox([files], async ({ call, put }) => {
    await put({
      "book.pdf": BOOK,
      "a.xlsx": xlsx([{
        name: "Costs",
        rows: '<row r="2"><c r="B2"><v>7</v></c><c r="C2"><v>8</v></c></row>',
      }]),
    });
    const pages = await call("read_file", { path: "book.pdf", pages: "58-", limit: 3 });
    assert.match(pages.text, /60 pages, .*lines 1-3 of 158\n## Page 58/);
    assert.match(
      pages.text,
      /follow: read_file \{"path":"[^"]*book\.pdf","pages":"58-","offset":4,"limit":3\}/,
    );
    assert.match(
      (await call("read_file", { path: "a.xlsx", pages: "Costs!C1:C9" })).text,
      /\| {2}\| C \|\n\| --- \| --- \|\n\| 2 \| 8 \|/,
    );
    const missing = await call("read_file", { path: "book.pdf", pages: "61" });
    assert.equal(missing.isError, true);
    assert.match(
      missing.text,
      /^Cannot read "[^"]*book\.pdf": it has 60 pages, and "61" is none of them\nUse numbers from 1 to 60\.$/,
    );
  });
});

test("read_file shows pages as images, and names the call for the next ones", async () => {
  await withSandbox([files], async ({ call, put }) => {
    await put({ "book.pdf": BOOK, "a.docx": docx(paragraph("x")) });
    const { content, text } = await call("read_file", { path: "book.pdf", pages: "2-3", as: "images" });
    assert.deepEqual(content.map(({ type }) => type), ["text", "image", "text", "image", "text"]);
    assert.match(
      text,
      /Page 2 of 60[\s\S]*Page 3 of 60[\s\S]*read_file \{[^}]*"pages":"4-60","as":"images"\}/,
    );
    const refused = await call("read_file", { path: "a.docx", as: "images" });
    assert.equal(refused.isError, true);
    assert.match(refused.text, /Word document.*only of PDF/s);
  });
});

test("read_file shows a page as Markdown, its source when asked; other text as it is", async () => {
  const html = "<html><body><h1>Hi</h1><p>all</p></body></html>\n";
  const shown =
    /a\.html: HTML page, title "Hi", as Markdown \(its source: as "text"\), 3 lines\n# Hi\n\nall\n?$/;
  await withSandbox([files], async ({ call, put }) => {
    await put({ "a.html": html, "a.csv": "a,b\n1,2\n", "note.txt": "%PDF is a format" });
    assert.match((await call("read_file", { path: "a.html" })).text, shown);
    assert.match((await call("read_file", { path: "a.html", as: "markdown" })).text, shown);
    assert.match(
      (await call("read_file", { path: "a.html", offset: 3 })).text,
      /line 3 of 3\nall$/,
    );
    assert.match(
      (await call("read_multiple_files", { paths: ["a.html"] })).text,
      /^==> .*as Markdown.*\n# Hi/,
    );
    assert.equal((await call("read_file", { path: "a.html", as: "text" })).text, html);
    assert.equal((await call("read_file", { path: "a.csv" })).text, "a,b\n1,2\n");
    const refused = await call("read_file", { path: "a.csv", pages: "2" });
    assert.match(refused.text, /^Cannot read a part of "[^"]*a\.csv": it is no document\n/);
  });
});

test("read_file shows the source of a page in which there is nothing to read, and says so", async () => {
  const pages = {
    "app.html":
      '<!doctype html><html><head><title>App</title><script type="module" src="/a.js"></script></head>' +
      '<body><div id="root"></div><noscript>You need to enable JavaScript to run this app.</noscript></body>',
    "script.html": "<script>\nconst x = 1;\n</script>\n",
    "template.html": '<app-header></app-header>\n<router-outlet *ngIf="ready"></router-outlet>\n',
  };
  await withSandbox([files], async ({ call, put }) => {
    await put({ ...pages, "empty.html": "", "bad.ipynb": "{]" });
    for (const [path, html] of Object.entries(pages)) {
      const { text } = await call("read_file", { path });
      const [first = "", ...rest] = text.split("\n");
      assert.match(first, /HTML page, its source because it has no readable text, \d lines?$/);
      assert.equal(rest.join("\n").trimEnd(), html.trimEnd());
    }
    assert.match((await call("read_file", { path: "empty.html" })).text, /empty\.html: empty file$/);
    assert.match(
      (await call("read_file", { path: "bad.ipynb" })).text,
      /notebook, its source because .*made into Markdown, 1 line\n\{\]\n[\s\S]*Cannot read .*no JSON/,
    );
    assert.equal((await call("read_file", { path: "app.html", pages: "2" })).isError, true);
  });
});

test("edit_file says where the source of a page is shown", async () => {
  await withSandbox([files], async ({ call, put }) => {
    await put({ "a.html": "<h1>Hello <b>you</b></h1>\n" });
    const missed = await call("edit_file", {
      path: "a.html",
      edits: [{ oldText: "# Hello **you**", newText: "# Hello" }],
    });
    assert.match(missed.text, /shows this HTML page as Markdown\. .*read_file .*"as":"text"/);
    await put({ "long.html": "<p>line</p>\n".repeat(2_000) });
    const edits = [{ oldText: "line", newText: "more", replaceAll: true }];
    const { text } = await call("edit_file", { path: "long.html", edits });
    assert.match(
      text,
      /The diff is cut at .*read_file \{"path":"[^"]*long\.html","as":"text","offset":\d+\}/,
    );
  });
});

test("read_file shows the source of a document that is text when asked, and edit_file says how", async () => {
  const notebook = JSON.stringify({ cells: [{ cell_type: "code", source: "x = 1", outputs: [] }] });
  await withSandbox([files], async ({ call, put }) => {
    await put({ "a.ipynb": notebook });
    assert.match(
      (await call("read_file", { path: "a.ipynb" })).text,
      /notebook, 1 cell, as Markdown[\s\S]*x = 1/,
    );
    assert.equal((await call("read_file", { path: "a.ipynb", as: "text" })).text, notebook);
    await put({ "a.eml": "Subject: Hi\n\nHello\n", "a.rtf": "{\\rtf1 Hello\\par}" });
    assert.match((await call("read_file", { path: "a.eml" })).text, /e-mail, .*as "text"\), [\s\S]*\nHello/);
    assert.match(
      (await call("read_file", { path: "a.rtf" })).text,
      /RTF document, .*as Markdown, [\s\S]*\nHello/,
    );
    const missed = await call("edit_file", {
      path: "a.ipynb",
      edits: [{ oldText: "```\nx = 1\n```", newText: "```\nx = 2\n```" }],
    });
    assert.equal(missed.isError, true);
    assert.match(missed.text, /read_file .*"as":"text"/);
  });
});

test("read_multiple_files shows documents among other files", async () => {
  await withSandbox([files], async ({ call, put }) => {
    await put({ "a.docx": docx(paragraph("From Word")), "b.txt": "plain\n", "c.pdf": "%PDF-1.7 broken" });
    const { text } = await call("read_multiple_files", { paths: ["a.docx", "b.txt", "c.pdf"] });
    assert.match(
      text,
      /==> \S*a\.docx: Word document, .*\nFrom Word\n[\s\S]*plain\n[\s\S]*c\.pdf\nCannot read [^\n]* damaged/,
    );
  });
});

test("write_file replaces a binary document only when told so", async () => {
  await withSandbox([files], async ({ call, put, dir }) => {
    await put({ "a.pdf": BOOK });
    const refused = await call("write_file", { path: "a.pdf", content: "text" });
    assert.equal(refused.isError, true);
    assert.match(refused.text, /PDF document.*would be lost[\s\S]*set replaceBinary/);
    assert.equal((await readFile(join(dir, "a.pdf"))).length, BOOK.length);
    assert.match(
      (await call("write_file", { path: "a.pdf", content: "text", replaceBinary: true })).text,
      /^Replaced/,
    );
    assert.equal(await readFile(join(dir, "a.pdf"), "utf8"), "text");
  });
});

test("get_file_info tells how long a document is", async () => {
  await withSandbox([files], async ({ call, put }) => {
    await put({
      "a.pdf": BOOK,
      "a.xlsx": xlsx([{ name: "A", rows: "" }, { name: "B", rows: "" }]),
      "bad.pdf": "%PDF-1.7",
    });
    assert.match(
      (await call("get_file_info", { path: "a.pdf" })).text,
      /type: application\/pdf \(PDF document\)\npages: 60\ntitle: "Book"/,
    );
    assert.match((await call("get_file_info", { path: "a.xlsx" })).text, /\(Excel workbook\)\nsheets: 2\n/);
    assert.match(
      (await call("get_file_info", { path: "bad.pdf" })).text,
      /type: application\/pdf \(PDF document\)\nmodified/,
    );
  });
});

test("read_file is cancelled while a document is read", async () => {
  await withSandbox([files], async ({ caller, put }) => {
    await put({ "book.pdf": BOOK });
    const stop = new AbortController();
    const call = caller.call("read_file", { path: "book.pdf" }, {
      signal: stop.signal,
      progress: (_done, _total, message) => message?.startsWith("Reading") && stop.abort(),
    });
    await assert.rejects(call, { name: "CancelledError" });
  });
});
