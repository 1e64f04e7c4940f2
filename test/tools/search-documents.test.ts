import assert from "node:assert/strict";
import { test } from "node:test";
import { search } from "../../tools/search/index.ts";
import { docx, paragraph, xlsx } from "../rig/office.ts";
import { column, pdf } from "../rig/pdf.ts";
import { withSandbox } from "../support.ts";

const PDF = pdf([
  column(["Nothing here", "A needle on the first page"]),
  column(["Nothing"]),
  column(["The needle again", "and a NEEDLE in capitals"]),
]);
const CELLS = '<row r="5"><c r="B5" t="inlineStr"><is><t>needle 5</t></is></c></row>';

test("search_text looks inside documents when asked, with page and line", async () => {
  await withSandbox([search], async ({ call, put }) => {
    await put({
      "a/report.pdf": PDF,
      "b.xlsx": xlsx([{ name: "Costs", rows: CELLS }]),
      "c.txt": "a needle in text\n",
      "d.docx": docx(paragraph("nothing to see")),
    });
    const without = await call("search_text", { pattern: "needle" });
    assert.match(without.text, /^1 matching line in 1 file/);
    const { text, isError } = await call("search_text", { pattern: "needle", documents: true });
    assert.equal(isError, false, text);
    assert.match(text, /^4 matching lines in 3 files/);
    assert.match(text, /\nc\.txt\n1: a needle in text\n/);
    assert.match(
      text,
      /\na\/report\.pdf\n\[Page 1\]\n4: A needle on the first page\n\[Page 3\]\n12: The needle again\n/,
    );
    assert.match(text, /\nb\.xlsx\n\[Sheet "Costs"\]\n5: \| 5 \| {2}\| needle 5 \|/);
  });
});

test("search_text says that lines of a page are those of its source, and how to read it", async () => {
  await withSandbox([search], async ({ call, put }) => {
    await put({ "a.html": "<p>needle</p>\n", "b.txt": "needle\n" });
    const html = await call("search_text", { pattern: "needle" });
    assert.match(
      html.text,
      /\na\.html\n1: <p>needle<\/p>\n[\s\S]*page are those of its source: .*"text"/,
    );
    assert.doesNotMatch((await call("search_text", { pattern: "needle", path: "b.txt" })).text, /source/);
  });
});

test("search_text in documents finds in a page what a reader sees, by the lines of read_file", async () => {
  await withSandbox([search], async ({ call, put }) => {
    await put({
      "a.html": "<body>\n<script>hidden()</script>\n<h1>Caf&eacute;</h1>\n<p>needle</p></body>",
      "shell.html": '<body><div id="needle"></div><script>app()</script></body>',
    });
    const ask = async (pattern: string) => (await call("search_text", { pattern, documents: true })).text;
    assert.match(await ask("Café"), /^1 matching line in 1 file[^]*\na\.html\n1: # Café/);
    assert.match(await ask("hidden()"), /^No match/);
    const both = await ask("needle");
    assert.match(both, /\na\.html\n3: needle/);
    assert.match(both, /\nshell\.html\n1: <body><div id="needle">[^]*those of its source/);
  });
});

test("search_text in documents knows expressions, letter case, context, globs and pages", async () => {
  await withSandbox([search], async ({ call, put }) => {
    await put({ "a.pdf": PDF, "b.docx": docx(paragraph("needle")) });
    const found = await call("search_text", {
      pattern: "^(the|and).*needle",
      regex: true,
      ignoreCase: true,
      context: 1,
      glob: "*.pdf",
      documents: true,
    });
    assert.match(found.text, /^2 matching lines in 1 file/);
    assert.match(found.text, /\[Page 3\]\n11- \n12: The needle again\n13: and a NEEDLE in capitals\n/);
    const first = await call("search_text", { pattern: "needle", documents: true, limit: 2 });
    assert.match(first.text, /Matches 3-3 follow: search_text (\{.*"documents":true.*"offset":3\})/);
    const [, next] = /search_text (\{.*\})/.exec(first.text) ?? [];
    assert.match(
      (await call("search_text", JSON.parse(next ?? "{}"))).text,
      /, 3-3 shown\n[\s\S]*b\.docx\n1: needle/,
    );
  });
});

test("search_text searches a single document, and one that is called like one", async () => {
  await withSandbox([search], async ({ call, put }) => {
    await put({ "a.pdf": PDF, "text.pdf": "a needle in plain text\n" });
    const one = await call("search_text", { pattern: "again", path: "a.pdf", documents: true });
    assert.match(one.text, /^1 matching line in 1 file[\s\S]*\[Page 3\]\n12: The needle again/);
    const plain = await call("search_text", { pattern: "plain", documents: true });
    assert.match(plain.text, /text\.pdf\n1: a needle in plain text/);
    assert.doesNotMatch(plain.text, /could not be read/);
  });
});

test("search_text names documents that cannot be read, and goes on", async () => {
  await withSandbox([search], async ({ call, put }) => {
    await put({ "a.pdf": "%PDF-1.7\n\x01broken", "b.docx": docx(paragraph("needle")) });
    const { text, isError } = await call("search_text", { pattern: "needle", documents: true });
    assert.equal(isError, false);
    assert.match(text, /b\.docx\n1: needle/);
    assert.match(
      text,
      /1 document could not be read: a\.pdf \(it is damaged, or no PDF beyond its first bytes\)\./,
    );
  });
});
