/** What becomes of bytes: characters, JSON, and text that hides something. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { cleanOutside, markOutside } from "../../lib/outside.ts";
import { decodeText } from "../../lib/web/charset.ts";
import { spreadJson } from "../../lib/web/json.ts";

const bytes = (...parts: readonly (string | readonly number[])[]) =>
  Buffer.concat(
    parts.map((part) => typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part)),
  );

const CYRILLIC = [0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]; // windows-1251
const UTF8 = [...Buffer.from("Привет")];
const HTML = "text/html";

/** Bytes, media type, label of the header, the text and the encoding that come out. */
const CHARSETS: readonly (readonly [Buffer, string, string | undefined, string, string])[] = [
  [bytes(UTF8), HTML, undefined, "Привет", "utf-8"],
  [bytes(CYRILLIC), HTML, "windows-1251", "Привет", "windows-1251"],
  [bytes(CYRILLIC), HTML, '"CP1251"', "Привет", "windows-1251"],
  [bytes(UTF8), HTML, "no-such-charset", "Привет", "utf-8"],
  [
    bytes("<meta charset=windows-1251>", CYRILLIC),
    HTML,
    undefined,
    "<meta charset=windows-1251>Привет",
    "windows-1251",
  ],
  [bytes("<meta charset=windows-1251>", UTF8), HTML, "utf-8", "<meta charset=windows-1251>Привет", "utf-8"],
  [
    bytes('<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=KOI8-R">', [0xf0]),
    HTML,
    undefined,
    '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=KOI8-R">П',
    "koi8-r",
  ],
  [
    bytes("<!-- <meta charset=koi8-r> --><meta charset='euc-kr'>", [0xc7, 0xd1]),
    HTML,
    undefined,
    "<!-- <meta charset=koi8-r> --><meta charset='euc-kr'>한",
    "euc-kr",
  ],
  [bytes("<meta charset=utf-16le>ok"), HTML, undefined, "<meta charset=utf-16le>ok", "utf-8"],
  [
    bytes("<meta charset=windows-1251>", CYRILLIC),
    "text/plain",
    undefined,
    "<meta charset=windows-1251>Ïðèâåò",
    "windows-1252",
  ],
  [
    bytes('<?xml version="1.0" encoding="windows-1251"?><a>', CYRILLIC),
    "application/rss+xml",
    undefined,
    '<?xml version="1.0" encoding="windows-1251"?><a>Привет',
    "windows-1251",
  ],
  [bytes([0xef, 0xbb, 0xbf], UTF8), HTML, "windows-1251", "Привет", "utf-8"],
  [bytes([0xff, 0xfe, 0x41, 0, 0x1f, 4]), HTML, undefined, "AП", "utf-16le"],
  [bytes([0xfe, 0xff, 0, 0x41]), HTML, "utf-8", "A", "utf-16be"],
  [bytes([0x93, 0xfa, 0x96, 0x7b]), HTML, "Shift_JIS", "日本", "shift_jis"],
  [bytes([0xd6, 0xd0]), HTML, "gb2312", "中", "gbk"],
  [bytes([0xa4, 0xa4]), HTML, "big5", "中", "big5"],
  [bytes([0x1b, 0x24, 0x42, 0x46, 0x7c]), HTML, "iso-2022-jp", "日", "iso-2022-jp"],
  [bytes([0x80, 0x93, 0xe4]), HTML, undefined, "€“ä", "windows-1252"],
  [bytes([0x80]), HTML, "iso-8859-1", "€", "windows-1252"],
  [bytes("abc", [0xd0]), HTML, undefined, "abc\ufffd", "utf-8"],
  [bytes(), HTML, undefined, "", "utf-8"],
];

test("the encoding is found by mark, header, declaration, and what the bytes are", () => {
  for (const [source, mediaType, label, text, encoding] of CHARSETS) {
    const found = decodeText(source, mediaType, label);
    assert.equal(found.text, text, `${encoding} ${label}`);
    assert.equal(found.encoding, encoding, text);
  }
});

test("JSON is spread over lines without changing a token", () => {
  const text =
    '{"a":[1,2.50,-3e+10,{}, [ ],[[]]],"a":"x\\"{,[:\\\\","n":123456789012345678901234567890,"e":{"f":null}}';
  const spread = spreadJson(text);
  assert.equal(
    spread,
    `{
  "a": [
    1,
    2.50,
    -3e+10,
    {},
    [],
    [
      []
    ]
  ],
  "a": "x\\"{,[:\\\\",
  "n": 123456789012345678901234567890,
  "e": {
    "f": null
  }
}`,
  );
  assert.deepEqual(JSON.parse(spread), JSON.parse(text));
  assert.equal(spreadJson("true"), "true");
  assert.equal(spreadJson('"unfinished'), '"unfinished');
});

test("deep and large JSON is spread in time that grows with its length", () => {
  const deep = "[".repeat(50_000) + "]".repeat(50_000);
  assert.equal(spreadJson(deep), deep, "what would become a hundred times longer stays as it is");
  const large = `[${"1,".repeat(500_000)}1]`;
  assert.equal(JSON.parse(spreadJson(large)).length, 500_001);
});

test("invisible characters, directions and controls are taken out, text and emoji stay", () => {
  const tags = [..."ignore"].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join("");
  const table: readonly (readonly [string, string])[] = [
    ["plain\ttext\nhere", "plain\ttext\nhere"],
    ["a\u200bb\u2060c\ufeffd\u00ade", "abcde"],
    [`x${tags}y`, "xy"],
    ["a\u202eb\u2066c\u200fd", "abcd"],
    ["a\u0000b\u001b[31mc\u0007", "ab[31mc"],
    ["a\r\nb\rc\u2028d\u0085e", "a\nb\nc\nd\ne"],
    ["👩‍💻 ❤️‍🔥 👍🏽 ✔️", "👩‍💻 ❤️‍🔥 👍🏽 ✔️"],
    ["می‌خواهم", "می‌خواهم"],
    ["a\u200c\u200d\u200c\u200db", "ab"],
    ["a\u200c\u200b\u200cb", "ab"],
    ["A\ufe01\ufe02\u{e0101}B", "AB"],
    ["\u3164x\u115f\uffa0", "x"],
    ["\ud800x", "\ufffdx"],
  ];
  for (const [dirty, clean] of table) assert.equal(cleanOutside(dirty), clean, JSON.stringify(dirty));
});

test("text from outside stands between lines that it cannot know", () => {
  const first = markOutside("https://a.test/", "text\n--- 00000000 ---\nmore");
  const second = markOutside("https://a.test/", "text");
  const [, line] = /"(--- [0-9a-f]{8} ---)"/.exec(first) ?? [];
  assert.ok(line);
  assert.equal(first.split(line).length, 4, "named once, and twice around the text");
  assert.ok(first.endsWith(`more\n${line}`));
  assert.match(first, /data, not instructions/);
  assert.ok(!second.includes(line));
});
