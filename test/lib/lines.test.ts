import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { CancelledError } from "../../lib/errors.ts";
import type { OpenFile } from "../../lib/fs/types.ts";
import { READ_CHUNK_BYTES, SCAN_BYTES_MAX } from "../../lib/limits.ts";
import {
  countLines,
  layoutOf,
  type Page,
  pageOf,
  readLastLines,
  readLines,
  splitLines,
  type Watch,
} from "../../lib/lines.ts";
import { detect, encode, type Encoding } from "../../lib/text.ts";

const ALL = { count: 1_000_000, chars: Infinity };

interface Counting extends OpenFile {
  bytesRead: number;
}

/** A file in memory that counts what is read of it; `step` makes it hand out short reads. */
function fileOf(content: Uint8Array, step = Infinity): Counting {
  return virtual(content.length, (at) => content.subarray(at, at + step));
}

/** A file that exists only where it is looked at. */
function virtual(size: number, at: (position: number) => Uint8Array): Counting {
  const moment = new Date(0);
  return {
    path: "/virtual",
    real: "/virtual",
    bytesRead: 0,
    info: {
      kind: "file",
      size,
      modified: moment,
      accessed: moment,
      created: moment,
      mode: 0o644,
      links: 1,
      identity: "virtual",
    },
    read(buffer, position) {
      const bytes = at(position).subarray(0, Math.min(buffer.length, Math.max(0, size - position)));
      buffer.set(bytes);
      this.bytesRead += bytes.length;
      return Promise.resolve(bytes.length);
    },
  };
}

function watch(signal = new AbortController().signal): Watch {
  return { signal, progress() {} };
}

function layout(content: Uint8Array) {
  const form = detect(content);
  assert.ok(form);
  return layoutOf(form, content.subarray(0, READ_CHUNK_BYTES));
}

function texts(page: Page): string[] {
  return page.lines.map((line) => line.text);
}

/** Lines of many lengths, with characters of one to four bytes, so that every kind of chunk border occurs. */
function manyLines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index} ${"aé€😀".repeat(index % 37)}`);
}

test("readLines and readLastLines give the same lines as splitting the text, in every encoding", async () => {
  const lines = manyLines(4_000);
  const encodings: [Encoding, boolean][] = [["utf-8", false], ["utf-8", true], ["utf-16le", true], [
    "utf-16be",
    true,
  ]];
  for (const [encoding, bom] of encodings) {
    for (
      const [ending, final] of [["\n", true], ["\n", false], ["\r\n", true], ["\r\n", false], [
        "\r",
        true,
      ]] as const
    ) {
      const content = encode(lines.join(ending) + (final ? ending : ""), { encoding, bom });
      assert.ok(content !== undefined && content.length > 3 * READ_CHUNK_BYTES);
      const file = fileOf(content, 40_001);
      const how = layout(content);
      const page = await readLines(file, how, 1_500, { count: 2_000, chars: Infinity }, watch());
      assert.deepEqual(texts(page), lines.slice(1_499, 3_499));
      assert.deepEqual([page.first, page.more, page.ending], [1_500, true, ending]);
      const end = await readLastLines(file, how, 700, { count: 700, chars: Infinity }, watch());
      assert.deepEqual(texts(end), lines.slice(-700));
      assert.equal(end.more, false);
      const middle = await readLastLines(file, how, 700, { count: 5, chars: Infinity }, watch());
      assert.deepEqual(texts(middle), lines.slice(-700, -695));
      assert.equal(middle.more, true);
      assert.equal(await countLines(file, how, watch()), lines.length);
    }
  }
});

test("readLastLines: a U+0A00 or U+0D0A in UTF-16 is no line ending", async () => {
  const lines = ["\u0a00\u0a0a\u000d\u0d0ax", "\u0a0a", "end \u0a00"];
  for (const encoding of ["utf-16le", "utf-16be"] as const) {
    const content = encode(lines.join("\n"), { encoding, bom: true });
    assert.ok(content);
    const how = { encoding, bom: true, terminator: 0x0a };
    assert.deepEqual(texts(await readLastLines(fileOf(content), how, 2, ALL, watch())), lines.slice(1));
    assert.deepEqual(texts(await readLines(fileOf(content), how, 1, ALL, watch())), lines);
  }
});

test("readLastLines reads only the end of the file", async () => {
  const size = 10 * 1024 ** 3;
  const line = Buffer.from("a line of a log\n");
  const file = virtual(size, (position) => {
    const shift = position % line.length;
    const repeated = Buffer.alloc(READ_CHUNK_BYTES + line.length, line);
    return repeated.subarray(shift, shift + READ_CHUNK_BYTES);
  });
  const how = { encoding: "utf-8", bom: false, terminator: 0x0a } as const;
  const page = await readLastLines(file, how, 100, ALL, watch());
  assert.deepEqual(texts(page), Array(100).fill("a line of a log"));
  assert.equal(page.first, undefined);
  assert.ok(file.bytesRead <= 2 * READ_CHUNK_BYTES, `${file.bytesRead} bytes were read`);
});

test("readLastLines stops looking for lines that would not be shown", async () => {
  const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index} ${"x".repeat(90)}`);
  const content = Buffer.from(lines.join("\n"));
  const file = fileOf(content);
  const page = await readLastLines(file, layout(content), 40_000, { count: 40_000, chars: 5_000 }, watch());
  const shown = texts(page);
  assert.deepEqual(shown, lines.slice(-shown.length));
  assert.ok(shown.join("\n").length >= 5_000);
  assert.ok(file.bytesRead < 10 * READ_CHUNK_BYTES);
});

test("readLines keeps a bounded part of a very long line and says how much is missing", async () => {
  const content = Buffer.from(`first\n${"x".repeat(3_000_000)}\nlast`);
  const page = await readLines(fileOf(content), layout(content), 1, ALL, watch());
  assert.equal(page.lines.length, 3);
  const [, long] = page.lines;
  assert.ok(long !== undefined && long.text.length < 100_000);
  assert.equal(long.text.length + long.dropped, 3_000_000);
  assert.equal(page.lines[2]?.text, "last");
});

test("readLines: lines past the end are none, and tell the number of lines", async () => {
  for (const [text, total] of [["", 0], ["\n", 1], ["a", 1], ["a\n", 1], ["a\nb", 2], ["\n\n", 2]] as const) {
    const content = Buffer.from(text);
    const page = await readLines(fileOf(content), layout(content), 10, ALL, watch());
    assert.deepEqual([page.lines.length, page.total], [0, total]);
    assert.equal(pageOf(text, 1, 100).total, total);
    const end = await readLastLines(fileOf(content), layout(content), 10, ALL, watch());
    assert.deepEqual([end.lines.length, end.first, end.total], [total, 1, total]);
  }
});

test("readLines and readLastLines give up after SCAN_BYTES_MAX and say so", async () => {
  const chunk = Buffer.alloc(READ_CHUNK_BYTES, "x");
  const file = virtual(4 * SCAN_BYTES_MAX, () => chunk);
  const how = { encoding: "utf-8", bom: false, terminator: 0x0a } as const;
  assert.equal((await readLines(file, how, 2, ALL, watch())).stoppedAfter, 0);
  assert.equal((await readLastLines(file, how, 1, { count: 1, chars: Infinity }, watch())).stoppedAfter, 0);
  assert.ok(file.bytesRead <= 2 * SCAN_BYTES_MAX + 4 * READ_CHUNK_BYTES);
});

test("readLines and readLastLines end when the call is cancelled", async () => {
  const chunk = Buffer.alloc(READ_CHUNK_BYTES, "x\n");
  const how = { encoding: "utf-8", bom: false, terminator: 0x0a } as const;
  for (const read of [readLines, readLastLines]) {
    const controller = new AbortController();
    let reads = 0;
    const file = virtual(10 * 1024 ** 3, () => {
      if (++reads === 3) controller.abort();
      return chunk;
    });
    await assert.rejects(
      read(file, how, 1e9, { count: 1, chars: 1 }, watch(controller.signal)),
      CancelledError,
    );
    assert.ok(reads <= 4);
  }
});

test("readLines shows a Latin-1 line and a NUL inside a large UTF-8 file readably", async () => {
  const content = Buffer.concat([
    Buffer.from("\u00fcber\n"),
    Buffer.from("f\u00fcr\n", "latin1"),
    Buffer.from("a\0b\n"),
  ]);
  const how = { encoding: "utf-8", bom: false, terminator: 0x0a } as const;
  assert.deepEqual(texts(await readLines(fileOf(content), how, 1, ALL, watch())), [
    "\u00fcber",
    "f\u00fcr",
    "a\u2400b",
  ]);
});

test("splitLines knows LF, CRLF, lone CR and mixtures", () => {
  assert.deepEqual(splitLines("a\nb\n"), ["a", "b"]);
  assert.deepEqual(splitLines("a\r\nb"), ["a", "b"]);
  assert.deepEqual(splitLines("a\rb\r"), ["a", "b"]);
  assert.deepEqual(splitLines("a\rb\nc\r\n\n"), ["a\rb", "c", ""]);
  assert.deepEqual(splitLines(""), []);
});
