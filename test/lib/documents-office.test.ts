import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { converted, refusal } from "../rig/convert.ts";
import { docx, epub, odf, paragraph, pptx, shape, xlsx } from "../rig/office.ts";
import { zip } from "../rig/zip.ts";

const ITEM = (level: number) => `<w:numPr><w:ilvl w:val="${level}"/><w:numId w:val="5"/></w:numPr>`;

test("word documents keep headings, links, notes, lists and what is bold", async () => {
  const { markdown, outcome } = await converted(
    "a.docx",
    docx(
      paragraph("Costs", '<w:pStyle w:val="Mine"/>') +
        paragraph("Plain &amp; simple") +
        paragraph("#1 is no heading") +
        '<w:p><w:r><w:t xml:space="preserve">See </w:t></w:r><w:hyperlink r:id="rId9"><w:r><w:t>the ' +
        "</w:t></w:r>" +
        "<w:r><w:rPr><w:b/></w:rPr><w:t>page</w:t></w:r></w:hyperlink><w:r><w:footnoteReference " +
        'w:id="2"/></w:r>' +
        '<w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:rPr><w:b w:val="0"/></w:rPr><w:t>' +
        "!</w:t></w:r></w:p>" +
        paragraph("one", ITEM(0)) + paragraph("two", ITEM(1)) + paragraph("hidden", "", "<w:vanish/>"),
    ),
  );
  assert.equal(
    markdown,
    "# Costs\n\nPlain & simple\n\n\\#1 is no heading\n\nSee [the " +
      "**page**](https://example.com/a?b=1&c=2)[^2]!\n\n" +
      "- one\n  1. two\n\n[^2]: A note.\n",
  );
  assert.deepEqual(outcome.properties, { title: "The title", author: "Ada Lovelace" });
});

test("word tables keep their rows, merged cells and cells of several paragraphs", async () => {
  const cell = (content: string, properties = "") => `<w:tc><w:tcPr>${properties}</w:tcPr>${content}</w:tc>`;
  const { markdown } = await converted(
    "a.docx",
    docx(
      `<w:tbl><w:tr>${cell(paragraph("A"))}${cell(paragraph("B|b") + paragraph("below"))}</w:tr>` +
        `<w:tr>${cell(paragraph("wide"), '<w:gridSpan w:val="2"/>')}</w:tr></w:tbl>`,
    ),
  );
  assert.equal(markdown, "| A | B\\|b<br>below |\n| --- | --- |\n| wide |  |\n\n[^2]: A note.\n");
});

test("word pages are where Word last saw them, and can be asked for", async () => {
  const bytes = docx(
    paragraph("first") + "<w:p><w:r><w:lastRenderedPageBreak/><w:t>second</w:t></w:r></w:p>" +
      '<w:p><w:r><w:br w:type="page"/></w:r></w:p>' + paragraph("third", '<w:pStyle w:val="Mine"/>'),
  );
  const { markdown, outcome } = await converted("a.docx", bytes);
  assert.equal(outcome.total, 3);
  assert.match(markdown, /## Page 1\n\nfirst\n\n## Page 2\n\nsecond\n\n## Page 3\n\n### third/);
  assert.equal((await converted("a.docx", bytes, "2")).markdown, "## Page 2\n\nsecond\n");
  assert.deepEqual(await refusal("a.docx", docx(paragraph("x")), "2"), [
    'it has no pages that "2" could name',
    "Leave out pages, and use offset and limit.",
  ]);
});

const CELLS =
  '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>When</t></is></c></row>' +
  '<row r="3"><c r="A3"><v>0.30000000000000004</v></c><c r="B3" s="1"><v>46348</v></c><c r="D3" s="2">' +
  "<v>0.125</v></c>" +
  '<c r="E3" s="3"><v>46348.75</v></c><c r="F3" s="4"><v>1.5</v></c><c r="G3" t="b"><v>1</v></c>' +
  '<c r="H3"><f>A3*2</f><v>0.6</v></c><c r="I3"><f>NOW()</f></c><c r="J3" t="e"><v>#DIV/0!</v></c></row>';

test("excel sheets are tables of what the person sees, with the values of formulas", async () => {
  const { markdown, outcome } = await converted(
    "a.xlsx",
    xlsx([{ name: "Costs", rows: CELLS }, { name: "Old &amp; gone", rows: "", hidden: true }], [
      "A &lt;name&gt;",
    ]),
  );
  assert.equal(
    markdown,
    '## Sheet "Costs"\n\n|  | A | B | C | D | E | F | G | H | I | J |\n' +
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n" +
      "| 1 | A <name> | When |  |  |  |  |  |  |  |  |\n" +
      "| 3 | 0.3 | 2026-11-22 |  | 12.5% | 2026-11-22 18:00 | 36:00:00 | TRUE | 0.6 | =NOW() | #DIV/0! " +
      "|\n\n" +
      '## Sheet "Old & gone" (hidden)\n\nNo cells with contents.\n',
  );
  assert.equal(outcome.total, 2);
  assert.match(outcome.warnings.join(), /^Sheet "Costs" has 1 formula without a stored value/);
});

test("excel sheets and ranges can be asked for by name, number and address", async () => {
  const rows =
    '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row><row r="2"><c r="A2"><v>3</v></c>' +
    '<c r="B2"><v>4</v></c></row><row r="900"><c r="C900"><v>5</v></c></row>';
  const bytes = xlsx([{ name: "First", rows }, {
    name: "It&apos;s 2",
    rows: '<row r="1"><c r="A1"><v>9</v></c></row>',
  }]);
  const numbers = async (pages: string) =>
    (await converted("a.xlsx", bytes, pages)).markdown.split("\n").slice(4).join(" ").replace(/[| ]+/g, " ")
      .trim();
  assert.equal(await numbers("B1:B2"), "1 2 2 4");
  assert.equal(await numbers("first!$A$2"), "2 3");
  assert.equal(await numbers("First!2:900"), "2 3 4 900 5");
  assert.equal(await numbers("B:B"), "1 2 2 4");
  assert.equal(await numbers("'It''s 2'!A1:B5"), "1 9");
  assert.equal(await numbers("it's 2"), "1 9");
  assert.equal(await numbers("2"), "1 9");
  assert.deepEqual(await refusal("a.xlsx", bytes, "Third"), [
    'it has 2 sheets, and "Third" is none of them',
    'They are: "First", "It\'s 2".',
  ]);
});

test("excel rows and cells without addresses count on", async () => {
  const { markdown } = await converted(
    "a.xlsx",
    xlsx([{ name: "S", rows: "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>" }]),
  );
  assert.match(markdown, /\| 1 \| 1 \| 2 \|\n\| 2 \| 3 \| {2}\|/);
});

test("powerpoint slides have titles, items, tables and notes", async () => {
  const cell = (text: string) => `<a:tc><a:txBody><a:p><a:r><a:t>${text}</a:t></a:r></a:p></a:txBody></a:tc>`;
  const bytes = pptx([
    {
      shapes: shape("body", "first", "second") + shape("title", "The plan") + shape("sldNum", "1") +
        `<p:graphicFrame><a:tbl><a:tr>${cell("x")}${cell("y")}</a:tr></a:tbl></p:graphicFrame>`,
      notes: "Say hello",
    },
    { shapes: shape(undefined, "free text") },
  ]);
  const { markdown, outcome } = await converted("a.pptx", bytes);
  assert.equal(
    markdown,
    "## Slide 1\n\n### The plan\n\n- first\n- second\n\n| x | y |\n| --- | --- |\n\n**Notes:**\n\nSay " +
      "hello\n\n" +
      "## Slide 2\n\nfree text\n",
  );
  assert.equal(outcome.total, 2);
  assert.equal((await converted("a.pptx", bytes, "2")).markdown, "## Slide 2\n\nfree text\n");
});

test("opendocument texts keep headings, lists, links, notes and tables", async () => {
  const cell = (text: string) => `<table:table-cell><text:p>${text}</text:p></table:table-cell>`;
  const { markdown } = await converted(
    "a.odt",
    odf(
      "text",
      '<text:tracked-changes><text:p>gone</text:p></text:tracked-changes><text:h text:outline-level="2">' +
        "Head</text:h>" +
        '<text:p>Two<text:s text:c="2"/>spaces, <text:a xlink:href="https://example.org/">a link</text:a>' +
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>The note</text:p>" +
        "</text:note-body>" +
        "</text:note></text:p><text:list><text:list-item><text:p>one</text:p><text:list><text:list-item>" +
        "<text:p>deep</text:p></text:list-item></text:list></text:list-item></text:list>" +
        `<table:table><table:table-row>${cell("A")}${cell("B")}</table:table-row></table:table>`,
    ),
  );
  assert.equal(
    markdown,
    "## Head\n\nTwo  spaces, [a link](https://example.org/)[^1]\n\n- one\n  - deep\n\n| A | B |\n| --- " +
      "| --- |\n\n" +
      "[^1]: The note\n",
  );
});

test("opendocument sheets are read as they look, however many empty rows they claim", async () => {
  const { markdown, outcome } = await converted(
    "a.ods",
    odf(
      "spreadsheet",
      '<table:table table:name="S1"><table:table-row><table:table-cell office:value="3"><text:p>3.00 ' +
        "€</text:p>" +
        '</table:table-cell><table:table-cell table:number-columns-repeated="16000"/></table:table-row>' +
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>' +
        '<table:table-row><table:table-cell table:number-columns-repeated="2"><text:p>z</text:p>' +
        "</table:table-cell>" +
        "</table:table-row></table:table>",
    ),
  );
  assert.match(markdown, /\| 1 \| 3\.00 € \| {2}\|\n\| 1048002 \| z \| z \|\n$/);
  assert.equal(outcome.total, 1);
});

test("opendocument slides have titles and notes", async () => {
  const frame = (content: string, attributes = "") =>
    `<draw:frame ${attributes}><draw:text-box><text:p>${content}</text:p></draw:text-box></draw:frame>`;
  const { markdown } = await converted(
    "a.odp",
    odf(
      "presentation",
      `<draw:page>${frame("Plan", 'presentation:class="title"')}${frame("body")}<presentation:notes>${
        frame("say it")
      }</presentation:notes></draw:page><draw:page><presentation:notes>${
        frame("")
      }</presentation:notes></draw:page>`,
    ),
  );
  assert.equal(markdown, "## Slide 1\n\n### Plan\n\nbody\n\n**Notes:**\n\nsay it\n\n## Slide 2\n");
});

test("epub chapters come in the order of the book", async () => {
  const bytes = epub(["<h1>One</h1><p>Some <b>bold</b> text</p>", "<h1>Two</h1><p>The end</p>"]);
  const { markdown, outcome } = await converted("a.epub", bytes);
  assert.equal(
    markdown,
    "## Chapter 1\n\n### One\n\nSome **bold** text\n\n## Chapter 2\n\n### Two\n\nThe end\n",
  );
  assert.deepEqual(outcome.properties, { title: "A book" });
  assert.match((await converted("a.epub", bytes, "2")).markdown, /^## Chapter 2/);
});

test("books and documents that are encrypted say so", async () => {
  const drm =
    '<encryption><EncryptedData><CipherReference URI="OPS/text/c%200.xhtml"/></EncryptedData></encryption>';
  assert.match(
    (await refusal("a.epub", epub(["x"], { "META-INF/encryption.xml": drm })))[0],
    /protected .*\(DRM\)/,
  );
  const manifest =
    "<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry>" +
    "</manifest:manifest>";
  assert.match(
    (await refusal("a.odt", odf("text", "", { "META-INF/manifest.xml": manifest })))[0],
    /^it is encrypted with a password$/,
  );
  const ole = Buffer.concat([
    Buffer.from("d0cf11e0a1b11ae1", "hex"),
    Buffer.alloc(500),
    Buffer.from("EncryptedPackage", "utf16le"),
  ]);
  assert.match((await refusal("a.docx", ole))[0], /^it is encrypted with a password$/);
});

test("documents of before 2007 are refused with what to do instead", async () => {
  for (
    const [name, what] of [["WordDocument", ".docx"], ["Workbook", ".xlsx"], ["PowerPoint Document", ".pptx"]]
  ) {
    const ole = Buffer.concat([
      Buffer.from("d0cf11e0a1b11ae1", "hex"),
      Buffer.alloc(500),
      Buffer.from(name ?? "", "utf16le"),
    ]);
    const [why, next] = await refusal("old", ole);
    assert.match(why, /of before 2007/);
    assert.ok(next.includes(what ?? "?"), next);
  }
});

test("documents are told by what is in them, not by their names", async () => {
  assert.equal((await converted("wrong.pdf", docx(paragraph("x")))).outcome.format.id, "docx");
  assert.equal((await converted("wrong.docx", xlsx([{ name: "S", rows: "" }]))).outcome.format.id, "xlsx");
  assert.equal((await converted("wrong.xlsx", zip({ "a.txt": "x" }))).outcome.format.id, "zip");
});
