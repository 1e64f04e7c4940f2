import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { recognise } from "../../lib/documents/formats.ts";
import { columnLetters, columnNumber, Selection } from "../../lib/documents/selection.ts";
import { converted, refusal } from "../rig/convert.ts";
import { zip } from "../rig/zip.ts";

test("rtf keeps paragraphs, letters of any kind, links, tables and pages", async () => {
  const { markdown, outcome } = await converted(
    "a.rtf",
    [
      String.raw`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}{\f1\fcharset204 Arial;}}{\*\generator Some;}`,
      String
        .raw`{\stylesheet{\s1 heading 1;}}\pard\s1 Title\par\pard Caf\'e9 \u8364 ?uro \u-10179 ?\u-8704 ? `,
      String.raw`{\f1\'cf}\par {\field{\*\fldinst{HYPERLINK "https://example.com/"}}{\fldrslt link}}`,
      String
        .raw`{\footnote a note\par}\par{\listtext\'95\tab}one\par{\listtext 2.\tab}\ilvl1 two\par\pard\page `,
      String.raw`\trowd\cellx1\cellx2 a\cell b\cell\row\trowd c\cell d\cell\row\pard After{\v0}\par}`,
    ].join(""),
  );
  assert.equal(
    markdown,
    "## Page 1\n\n### Title\n\nCafé €uro 😀 П\n\n[link](https://example.com/) [note: a note]\n\n- one\n" +
      "  " +
      "2. two\n\n" +
      "## Page 2\n\n| a | b |\n| --- | --- |\n| c | d |\n\nAfter\n",
  );
  assert.equal(outcome.total, 2);
});

test("mail shows who wrote what to whom, and what is attached", async () => {
  const { markdown, outcome } = await converted(
    "a.eml",
    [
      "From: Ada <ada@example.com>",
      "To: Bob <bob@example.com>, c@example.com",
      "Subject: =?utf-8?q?Caf=C3=A9?=",
      "Date: Mon, 2 Nov 2026 10:00:00 +0100",
      "MIME-Version: 1.0",
      "Content-Type: multipart/mixed; boundary=x",
      "",
      "--x",
      "Content-Type: text/html; charset=utf-8",
      "",
      "<p>Hello <a href='https://example.org/'>you</a></p>",
      "--x",
      "Content-Type: application/pdf",
      'Content-Disposition: attachment; filename="../bill.pdf"',
      "Content-Transfer-Encoding: base64",
      "",
      "AAAA",
      "--x--",
      "",
    ].join("\r\n"),
  );
  assert.match(
    markdown,
    /^From: Ada <ada@example\.com>\nTo: Bob <bob@example\.com>, c@example\.com\nDate: 2026-11-02/,
  );
  assert.match(markdown, /Subject: Café\n\nHello \[you\]\(https:\/\/example\.org\/\)\n/);
  assert.match(markdown, /\| \.\.\/bill\.pdf \| application\/pdf \| 3 B \|/);
  assert.equal(outcome.properties.title, "Café");
});

test("notebooks show cells, what they printed, and that there are images", async () => {
  const notebook = {
    nbformat: 4,
    metadata: { kernelspec: { language: "python" } },
    cells: [
      { cell_type: "markdown", source: ["# Plan\n", "text"] },
      {
        cell_type: "code",
        execution_count: 3,
        source: "print(1)",
        outputs: [
          { output_type: "stream", name: "stdout", text: ["\u001b[31m1\u001b[0m\n"] },
          { output_type: "display_data", data: { "image/png": "AAAA", "text/plain": "<Figure>" } },
          { output_type: "error", traceback: ["ValueError: no"] },
        ],
      },
    ],
  };
  const { markdown, outcome } = await converted("a.ipynb", JSON.stringify(notebook));
  assert.equal(
    markdown,
    "## Cell 1 (markdown)\n\n# Plan\ntext\n\n## Cell 2 (code, run 3)\n\n```python\nprint(1)\n```\n\n" +
      "Output:\n```\n1\n```\n\n" +
      "[png image, 3 B]\nOutput:\n```\n<Figure>\n```\n\nError:\n```\nValueError: no\n```\n",
  );
  assert.equal(outcome.total, 2);
  assert.match((await converted("a.ipynb", JSON.stringify(notebook), "2")).markdown, /^## Cell 2/);
});

test("html becomes Markdown with everything that is visible", async () => {
  const { markdown, outcome } = await converted(
    "a.html",
    "<html><head><title>T</title><script>x()</script></head><body><nav>Menu</nav><h1>Hi</h1><p>Text</p>" +
      "</body></html>",
  );
  assert.equal(markdown, "Menu\n\n# Hi\n\nText\n");
  assert.equal(outcome.properties.title, "T");
  assert.equal(outcome.format.isText, true);
  const latin = Buffer.from('<meta charset="iso-8859-1"><p>Caf\xe9</p>', "latin1");
  assert.match((await converted("b.html", latin)).markdown, /Café/);
});

test("archives are listed, whatever their names are", async () => {
  const { markdown, outcome } = await converted(
    "a.jar",
    zip({ "../../etc/passwd": "x", "b/": "", "b/ü.txt": "hello" }),
  );
  assert.match(markdown, /^3 entries, 6 B unpacked/);
  assert.match(
    markdown,
    /\| 1 B \| 2026-11-22 12:00 \| \.\.\/\.\.\/etc\/passwd \|\n\| {2}\| 2026-11-22 12:00 \| b\/ \|\n\| 5 B/,
  );
  assert.equal(outcome.total, 3);
  const packed = await converted("a.tgz", gzipSync(tar({ "a/b.txt": 700, "c.txt": 3 })));
  assert.match(
    packed.markdown,
    /^2 entries, 703 B unpacked[\s\S]*\| 700 B \| 2026-11-22 12:00 \| a\/b\.txt \|/,
  );
  assert.equal(packed.outcome.format.id, "gzip");
  const cut = await converted("a.tar", tar({ "a.txt": 700, "b.txt": 5_000 }).subarray(0, 3_000));
  assert.match(cut.outcome.warnings.join(), /ends in the middle/);
  assert.match(
    (await converted("a.gz", gzipSync("just text"))).markdown,
    /One packed file of 9 B, and no archive/,
  );
});

test("formats are told by contents; names decide only between texts", () => {
  const id = (content: string, name: string, mimeType?: string) =>
    recognise(Buffer.from(content, "latin1"), name, mimeType)?.id;
  assert.equal(id("%PDF-1.7", "x.txt"), "pdf");
  assert.equal(id("{\\rtf1", "x.doc"), "rtf");
  assert.equal(id("PK\x03\x04", "x"), "zip");
  assert.equal(id("plain", "x.pdf"), undefined);
  assert.equal(id("<p>", "x.html"), "html");
  assert.equal(id("<p>", "x", "text/html; charset=utf-8"), "html");
  assert.equal(id("<p>", "x.xml"), undefined);
  assert.equal(id("not json", "x.ipynb"), undefined);
  assert.equal(id("Subject: x", "x.eml"), "eml");
  assert.equal(id("no header here", "x.eml"), undefined);
  assert.equal(id("\x00\x01\x02", "x.html"), undefined);
});

test("selections name pages, sheets and ranges", () => {
  const wants = (text: string | undefined, index: number, name?: string) =>
    new Selection(text).wants(index, name);
  assert.equal(wants(undefined, 5), true);
  assert.equal(wants(" 2 - 4 ,7", 3), true);
  assert.equal(wants("2-4,7", 5), false);
  assert.equal(wants("5-", 900), true);
  assert.equal(wants("2026", 1, "2026"), true);
  assert.equal(wants("costs", 3, "Costs"), true);
  assert.equal(wants("A1:B2", 1, "Costs"), true);
  assert.equal(wants("A1:B2", 2, "Other"), false);
  assert.equal(wants("Q1", 2, "Q1"), true);
  assert.deepEqual(new Selection("Costs!$B$7:A3").range, { top: 3, bottom: 7, left: 1, right: 2 });
  assert.deepEqual(new Selection("A:C").range, { top: 1, bottom: Infinity, left: 1, right: 3 });
  assert.equal(new Selection("Costs").range, undefined);
  assert.equal(columnLetters(16_384), "XFD");
  assert.equal(columnNumber("XFD"), 16_384);
});

test("what cannot be a document is refused in words", async () => {
  assert.match((await refusal("x.bin", Buffer.from([0, 1, 2])))[0], /none of the documents/);
  assert.match((await refusal("x.ipynb", "{]"))[0], /no JSON/);
});

/** A tar archive of files of these sizes. */
function tar(files: Readonly<Record<string, number>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, size]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(size.toString(8).padStart(11, "0"), 124);
    header.write((Date.UTC(2026, 10, 22, 12) / 1_000).toString(8), 136);
    header.write("        0", 148);
    header.write("ustar", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, Buffer.alloc(Math.ceil(size / 512) * 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1_024)]);
}
