import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { Attributes, readXml } from "../../lib/documents/xml.ts";
import { Zip } from "../../lib/documents/zip.ts";
import {
  MARKDOWN_CHARS_MAX,
  TABLE_COLUMNS_MAX,
  UNPACKED_BYTES_MAX,
  UNPACKED_PART_BYTES_MAX,
} from "../../lib/limits.ts";
import { converted, refusal } from "../rig/convert.ts";
import { docx, epub, odf, packageOf, paragraph, xlsx } from "../rig/office.ts";
import { zip } from "../rig/zip.ts";

test("xml entities are never expanded, external ones never fetched", async () => {
  const entities = Array.from(
    { length: 9 },
    (_, level) => `<!ENTITY lol${level + 1} "${`&lol${level === 0 ? "" : level};`.repeat(10)}">`,
  );
  const bomb = `<?xml version="1.0"?><!DOCTYPE w [<!ENTITY lol "lol">${entities.join("")}` +
    '<!ENTITY file SYSTEM "file:///etc/passwd">]><w:document xmlns:w="w"><w:body>' +
    paragraph("&lol9; &file; &amp; &#x41;&#66;") + "</w:body></w:document>";
  const { markdown } = await converted("a.docx", docx("", { "word/document.xml": bomb }));
  assert.equal(markdown.split("\n")[0], "&lol9; &file; & AB");
});

test("xml without end or measure is refused in little time", async () => {
  assert.match(
    (await refusal("a.docx", docx("<w:x>".repeat(200_000))))[0],
    /more than 1000 elements in each other/,
  );
  assert.match((await refusal("a.docx", docx(`<w:p ${"a".repeat(5_000_000)}`)))[0], /a tag without an end/);
  // Every one of these could be where the tag ends, or where an attribute begins.
  const quotes = `<w:p a="${">".repeat(500_000)}" b='${
    'val="1" '.repeat(100_000)
  }'><w:pPr><w:pStyle w:val="x"/></w:pPr>`;
  const { markdown } = await converted("a.docx", docx(`${quotes}<w:r><w:t>text</w:t></w:r></w:p>`));
  assert.match(markdown, /^text/);
});

test("xml pieces may end anywhere", async () => {
  const xml = Buffer.from(
    '<?xml version="1.0"?><!DOCTYPE a [ <!ENTITY b "]>"> ]><a x="1 > 2"><!-- <b> --><b:c d=\'&lt;"\'/>' +
      "te&#120;t &amp; é<![CDATA[<raw>]]></a>",
  );
  for (let size = 1; size < xml.length; size += 3) {
    const told: string[] = [];
    let text = "";
    const pieces = Array.from(
      { length: Math.ceil(xml.length / size) },
      (_, index) => xml.subarray(index * size, (index + 1) * size),
    );
    await readXml(pieces, {
      open: (name, attributes) => void told.push(`<${name} ${attributes.get("x") ?? attributes.get("d")}>`),
      close: (name) => void told.push(`</${name}>`),
      text: (piece) => void (text += piece),
    });
    assert.equal(told.join(""), '<a 1 > 2><c <"></c></a>', `pieces of ${size}`);
    assert.equal(text, "text & é<raw>", `pieces of ${size}`);
  }
});

test("xml attributes are found by their local name, and only as names", () => {
  const attributes = new Attributes(` r:id="7" xml:space = 'a id="8"' valid="9"`);
  assert.equal(attributes.get("id"), "7");
  assert.equal(attributes.get("r:id"), "7");
  assert.equal(attributes.get("w:id"), undefined);
  assert.equal(attributes.get("space"), 'a id="8"');
  assert.equal(attributes.get("val"), undefined);
});

test("zip bombs are stopped by what comes out, one part or all together", async () => {
  const big = Buffer.alloc(UNPACKED_PART_BYTES_MAX + 1_000_000, 0x20);
  const bytes = epub([""], { "OPS/text/c 0.xhtml": big });
  assert.ok(bytes.length < 1_000_000);
  assert.match((await refusal("a.epub", bytes))[0], /unpacks to more than 134 MB/);
  const archive = new Zip(bytes);
  let unpacked = 0;
  await assert.rejects(async () => {
    for (;;) for await (const piece of archive.pieces("OPS/text/c 0.xhtml")) unpacked += piece.length;
  }, /unpacks to more than 1\.1 GB/);
  assert.ok(unpacked <= UNPACKED_BYTES_MAX);
});

test("zip directories that lie are found out", async () => {
  const lying = (lie: object) =>
    zip({ ...packageOf("word/document.xml"), "word/document.xml": "<a/>" }, { "word/document.xml": lie });
  assert.match(
    (await refusal("a.docx", lying({ size: 0xfffffffe, packed: 0xfffffff0 })))[0],
    /goes beyond its end/,
  );
  assert.match((await refusal("a.docx", lying({ encrypted: true })))[0], /encrypted with a password/);
  assert.match((await refusal("a.docx", lying({ method: 99 })))[0], /packed with method 99/);
  assert.match((await refusal("a.docx", docx(paragraph("x")).subarray(0, 900)))[0], /without a directory/);
  const sound = docx(paragraph("x"));
  for (let at = sound.length - 22; at < sound.length - 2; at++) {
    // No byte of the end may do worse than a refusal.
    const broken = Buffer.from(sound);
    broken[at] = 0xff;
    await converted("a.docx", broken).catch((error) => assert.equal(error.name, "Unreadable", `byte ${at}`));
  }
});

test("a small packed entry that claims four gigabytes is read as it is", async () => {
  const bytes = zip({ ...packageOf("word/document.xml"), "word/document.xml": paragraph("small") }, {
    "word/document.xml": { size: 0xfffffffe },
  });
  assert.match((await converted("a.docx", bytes)).markdown, /^small/);
});

test("sheets that claim cells without end stay small", async () => {
  const repeated = '<table:table-row table:number-rows-repeated="999999999">' +
    '<table:table-cell table:number-columns-repeated="999999999"><text:p>z</text:p></table:table-cell>' +
    "</table:table-row>";
  const { markdown, outcome } = await converted(
    "a.ods",
    odf("spreadsheet", `<table:table table:name="S">${repeated}</table:table>`),
  );
  assert.ok(markdown.length < MARKDOWN_CHARS_MAX);
  assert.match(outcome.warnings.join(), new RegExp(`wider than the ${TABLE_COLUMNS_MAX} columns`));
  const odd =
    '<row r="-5"><c r="A1"><v>1</v></c></row><row r="x"><c r="ZZZ9"><v>2</v></c></row><row><c s="99"><v>' +
    "3</v></c></row>";
  assert.match((await converted("a.xlsx", xlsx([{ name: "S", rows: odd }]))).markdown, /\| 3 \|/);
});

test("a document that becomes too much Markdown is cut, and says where", async () => {
  const text = "x".repeat(90_000);
  const { markdown, outcome } = await converted("a.docx", docx(paragraph(text).repeat(400)));
  assert.ok(markdown.length <= MARKDOWN_CHARS_MAX + 200_000);
  assert.match(outcome.warnings.join(), /^Only the first 33,554,432 characters were read/);
});

test("rtf and mail nested beyond measure are refused", async () => {
  assert.match((await refusal("a.rtf", `{\\rtf1 ${"{".repeat(1_000_000)}x`))[0], /more than 10000 groups/);
  assert.equal((await converted("a.rtf", "{\\rtf1 hi\\bin4000000000 xx}")).markdown, "hi\n");
  const parts = Array.from(
    { length: 2_000 },
    (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`,
  );
  assert.match(
    (await refusal("a.eml", `From: a@example.com\r\n${parts.join("")}\r\nhi`))[0],
    /no e-mail that can be read/,
  );
  assert.match(
    (await converted("a.ipynb", `{"cells": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`)).markdown,
    /Cell 1/,
  );
});

test("invisible characters and false headings do not get through", async () => {
  const { markdown } = await converted(
    "a.docx",
    docx(paragraph("ab\u200b\u202ec\u{e0041}d\ufeff") + paragraph("# Page 9")),
  );
  assert.match(markdown, /^abcd\n\n\\# Page 9\n/);
});
