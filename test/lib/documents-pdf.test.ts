import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { renderPages } from "../../lib/documents/readers/pdf.ts";
import { encodePng } from "../../lib/documents/readers/png.ts";
import { Selection } from "../../lib/documents/selection.ts";
import { PAGE_IMAGES_BYTES_MAX } from "../../lib/limits.ts";
import { converted, refusal } from "../rig/convert.ts";
import { assemble, column, type Mark, pdf, stream } from "../rig/pdf.ts";

const LEFT = Array.from(
  { length: 12 },
  (_, line) => `Left line ${line + 1} of running text that fills its column`,
);
const RIGHT = Array.from({ length: 12 }, (_, line) => `Right line ${line + 1} of running text in its column`);

function row(y: number, ...cells: readonly string[]): Mark[] {
  return cells.map((text, index) => ({ x: [72, 260, 400][index] ?? 500, y, text }));
}

test("pdf becomes text by page, with its title and headings by size", async () => {
  const { markdown, outcome } = await converted(
    "report.pdf",
    pdf([
      [{ x: 72, y: 780, text: "Annual report", size: 20 }, ...column(["First line.", "Second line."])],
      column(["On the second page."]),
    ], { title: "Report (2026)" }),
  );
  assert.equal(
    markdown,
    "## Page 1\n\n### Annual report\n\nFirst line.\nSecond line.\n\n## Page 2\n\nOn the second page.\n",
  );
  assert.equal(outcome.total, 2);
  assert.equal(outcome.unit, "page");
  assert.deepEqual(outcome.properties, { title: "Report (2026)" });
  assert.deepEqual(outcome.parts, [{ name: "Page 1", line: 1 }, { name: "Page 2", line: 8 }]);
  assert.equal(outcome.lines, 10);
});

test("pdf columns of text are read one after the other, below what stands across them", async () => {
  const title = { x: 72, y: 800, text: "A title that stands across both of the columns of it", size: 18 };
  const { markdown } = await converted(
    "two.pdf",
    pdf([[title, ...column(LEFT, 72, 740), ...column(RIGHT, 330, 733)]]),
  );
  const lines = markdown.split("\n").filter((line) => /^(Left|Right)/.test(line));
  assert.deepEqual(lines, [...LEFT, ...RIGHT]);
  assert.ok(markdown.indexOf("A title") < markdown.indexOf("Left line 1"));
});

test("pdf rows and columns become a table, the text around it stays text", async () => {
  const { markdown } = await converted(
    "costs.pdf",
    pdf([[
      ...column(["A line of introduction before the table, which is rather long."], 72, 760),
      ...row(720, "Item", "Amount", "Paid"),
      ...row(704, "Water", "120.00", "yes"),
      ...row(688, "Fence | gate", "1,480.50", "no"),
      { x: 260, y: 676, text: "plus tax" },
      ...row(660, "Seeds", "35.10", "yes"),
      ...column(["And a line of text after it."], 72, 610),
    ]]),
  );
  assert.match(
    markdown,
    /rather long\.\n\n\| Item \| Amount \| Paid \|\n\| --- \| --- \| --- \|\n\| Water \| 120\.00 \| yes \|\n/,
  );
  assert.match(
    markdown,
    /\| Fence \\\| gate \| 1,480\.50 plus tax \| no \|\n\| Seeds \| 35\.10 \| yes \|\n\nAnd a line/,
  );
});

test("pdf items keep their marks and are no table", async () => {
  const items = ["water", "seeds", "fence"].flatMap((text, index): Mark[] => [
    { x: 72, y: 760 - 14 * index, text: "\x95" },
    { x: 90, y: 760 - 14 * index, text },
  ]);
  const { markdown } = await converted("list.pdf", pdf([items]));
  assert.match(markdown, /- water\n- seeds\n- fence\n/);
});

test("pdf pages that are turned are read in their direction", async () => {
  for (const turn of [1, 2, 3]) {
    const marks = [0, 1].map((line) => {
      const step = 14 * line;
      const [x, y] = [[300, 400], [200 + step, 100], [400, 400 + step], [300 - step, 600]][turn] ?? [0, 0];
      return { x: x ?? 0, y: y ?? 0, text: `Turned line ${line + 1} here`, turn };
    });
    const { markdown } = await converted("turned.pdf", pdf([marks]));
    assert.match(markdown, /Turned line 1 here\nTurned line 2 here\n/, `turned ${turn} times`);
  }
});

test("pdf pages without text are named, with the call that shows them", async () => {
  const { markdown, outcome } = await converted(
    "scan.pdf",
    pdf([{ noise: 40 }, [], { noise: 40 }, column(["x"])]),
  );
  assert.match(markdown, /## Page 1\n\n\(no text on this page/);
  assert.match(markdown, /## Page 2\n\n\(an empty page\)/);
  assert.match(
    outcome.warnings.join(),
    /^2 pages \(1, 3\) have no text: scanned, perhaps\. read_file with as "images"/,
  );
});

test("pdf gives the pages that are asked for", async () => {
  const bytes = pdf(Array.from({ length: 9 }, (_, page) => column([`Text ${page + 1}`])));
  const texts = async (pages: string) =>
    (await converted("nine.pdf", bytes, pages)).markdown.match(/Text \d/g)?.join() ?? "";
  assert.equal(await texts("3"), "Text 3");
  assert.equal(await texts("2-4"), "Text 2,Text 3,Text 4");
  assert.equal(await texts("8-, 1"), "Text 1,Text 8,Text 9");
  assert.deepEqual(await refusal("nine.pdf", bytes, "12"), [
    'it has 9 pages, and "12" is none of them',
    "Use numbers from 1 to 9.",
  ]);
});

test("pdf with a few bytes in front is read, a text that mentions PDF is not one", async () => {
  const { markdown } = await converted("before.pdf", pdf([column(["Here"])], { before: "\x01junk\n" }));
  assert.match(markdown, /Here/);
  assert.equal((await refusal("note.txt", Buffer.from("About %PDF-1.7 files")))[0].includes("none of"), true);
});

test("pdf that is encrypted, damaged or empty is refused with the reason", async () => {
  const page = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
    "<<>>",
    `<< /Filter /Standard /V 1 /R 2 /P -4 /O <${"41".repeat(32)}> /U <${"42".repeat(32)}> >>`,
  ].map((object) => Buffer.from(object));
  const encrypted = assemble(page, { trailer: "/Encrypt 5 0 R /ID [<31> <31>]" });
  assert.match((await refusal("a.pdf", encrypted))[0], /^it is encrypted with a password$/);
  assert.match((await refusal("a.pdf", Buffer.from("%PDF-1.7\nnothing")))[0], /^it is damaged/);
  const circle = [
    page[0],
    Buffer.from("<< /Type /Pages /Count 1000000000 /Kids [2 0 R 2 0 R] >>"),
    page[3],
    page[3],
  ];
  assert.match(
    (await refusal("a.pdf", assemble(circle.map((one) => one ?? Buffer.alloc(0)))))[0],
    /no pages/,
  );
});

test(
  "pdf whose table of objects is wrong is read, one that was cut off is damaged",
  async () => {
    const whole = pdf([column(["First page"]), column(["Second page"])]);
    const moved = Buffer.from(
      whole.toString("latin1").replace(/startxref\n\d+/, "startxref\n99999"),
      "latin1",
    );
    assert.match((await converted("moved.pdf", moved)).markdown, /First page[\s\S]*Second page/);
    assert.match((await refusal("cut.pdf", whole.subarray(0, 400)))[0], /^it is damaged/);
  },
);

test("pdf text has no invisible characters, and nothing in it looks like our headings", async () => {
  const { markdown, outcome } = await converted("fake.pdf", pdf([column(["## Page 7", "\xadsoft\x81"])]));
  assert.match(markdown, /\\## Page 7/);
  assert.equal(outcome.parts.length, 1);
  // deno-lint-ignore no-control-regex -- control characters are what must not be there
  assert.doesNotMatch(markdown, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad]/);
});

test("pdf pages as images are PNG within what a reply carries", async () => {
  const bytes = pdf([column(["Drawn"]), { noise: 900 }, column(["Third"])]);
  const { pages, total } = await renderPages(bytes, new Selection("1-2"));
  assert.equal(total, 3);
  assert.deepEqual(pages.map(({ number }) => number), [1, 2]);
  for (const { png } of pages) {
    assert.equal(Buffer.from(png.subarray(0, 8)).toString("latin1"), "\x89PNG\r\n\x1a\n");
  }
  assert.ok(pages.reduce((sum, { png }) => sum + png.length, 0) <= PAGE_IMAGES_BYTES_MAX);
  // The longer side of the first one, in its header.
  assert.equal(Buffer.from(pages[0]?.png ?? []).readUInt32BE(20), 1_568);
});

test("png keeps colours, and leaves them out where there are none", () => {
  const pixels = (...colours: readonly number[]) => ({
    width: 2,
    height: 1,
    stride: 8,
    bytes: Uint8Array.from(colours),
  });
  const typeOf = (png: Buffer) => [png[24], png[25]];
  assert.deepEqual(typeOf(encodePng(pixels(1, 2, 3, 0, 4, 5, 6, 0), 24)), [8, 2]);
  assert.deepEqual(typeOf(encodePng(pixels(7, 7, 7, 0, 9, 9, 9, 0), 24)), [8, 0]);
  assert.deepEqual(typeOf(encodePng(pixels(1, 2, 3, 0, 4, 5, 6, 0), 4)), [4, 0]);
});

test("pdf drawing that contains itself comes to an end", async () => {
  const objects = [
    Buffer.from("<< /Type /Catalog /Pages 2 0 R >>"),
    Buffer.from("<< /Type /Pages /Count 1 /Kids [3 0 R] >>"),
    Buffer.from(
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 5 0 R " +
        "/Resources << /XObject << /F 6 0 R >> >> >>",
    ),
    Buffer.from("<<>>"),
    stream("/F Do"),
    // Itself, once: a circle without growth.
    stream(
      "/F Do",
      "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F 6 0 R >> >>",
    ),
  ];
  const { outcome } = await converted("circle.pdf", assemble(objects));
  assert.equal(outcome.total, 1);
});
