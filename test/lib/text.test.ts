import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  decode,
  decodeAs,
  describeForm,
  detect,
  encode,
  type Form,
  lineEnding,
  unencodable,
} from "../../lib/text.ts";
import { createRandom } from "../rig/random.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const utf8 = (text: string) => new Uint8Array(Buffer.from(text, "utf8"));

const FORMS: readonly (readonly [Form, string])[] = [
  [{ encoding: "utf-8", bom: false }, "Grüße, 世界 🎉\n"],
  [{ encoding: "utf-8", bom: true }, "Grüße, 世界 🎉\n"],
  [{ encoding: "utf-16le", bom: true }, "Grüße, 世界 🎉\n"],
  [{ encoding: "utf-16be", bom: true }, "Grüße, 世界 🎉\n"],
  [{ encoding: "utf-16le", bom: false }, "plain words, mostly ASCII: ü\r\n"],
  [{ encoding: "utf-16be", bom: false }, "plain words, mostly ASCII: ü\r\n"],
  [{ encoding: "latin1", bom: false }, "Stra\u00dfe \u20ac 5 \u201cquoted\u201d \u2013 caf\u00e9\n"],
];

test("decode recognises each encoding and byte order mark, and encode restores the bytes", () => {
  for (const [form, text] of FORMS) {
    const stored = encode(text, form);
    assert.ok(stored !== undefined);
    assert.deepEqual(decode(stored), { text, ...form }, describeForm(form));
    assert.deepEqual(Buffer.from(encode(text, decode(stored) ?? form) ?? []), Buffer.from(stored));
  }
});

test("encode puts the bytes where the standards say", () => {
  assert.deepEqual([...encode("A€", { encoding: "utf-8", bom: true }) ?? []], [
    0xef,
    0xbb,
    0xbf,
    0x41,
    0xe2,
    0x82,
    0xac,
  ]);
  assert.deepEqual([...encode("A€", { encoding: "utf-16le", bom: true }) ?? []], [
    0xff,
    0xfe,
    0x41,
    0,
    0xac,
    0x20,
  ]);
  assert.deepEqual([...encode("A€", { encoding: "utf-16be", bom: true }) ?? []], [
    0xfe,
    0xff,
    0,
    0x41,
    0x20,
    0xac,
  ]);
  assert.deepEqual([...encode("A€é", { encoding: "latin1", bom: false }) ?? []], [0x41, 0x80, 0xe9]);
});

test("decode agrees with the WHATWG decoder on every byte of windows-1252", () => {
  const all = Uint8Array.from({ length: 128 }, (_, i) => 128 + i);
  const expected = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ" +
    Array.from({ length: 96 }, (_, i) => String.fromCharCode(0xa0 + i)).join("");
  assert.equal(decodeAs(all, "latin1"), expected);
  assert.deepEqual([...encode(expected, { encoding: "latin1", bom: false }) ?? []], [...all]);
});

test("decode refuses what is not text", () => {
  const samples: Record<string, Uint8Array> = {
    "a NUL byte": utf8("a\0b"),
    "a NUL byte after a byte order mark": utf8("\ufeffa\0b"),
    "PNG": bytes(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13),
    "UTF-32": bytes(0xff, 0xfe, 0, 0, 0x41, 0, 0, 0),
    "invalid UTF-8 with control characters": bytes(0xff, 0x01, 0x41),
    "an ASCII PDF": utf8("%PDF-1.4\n%comment\n"),
    "16-bit numbers": bytes(1, 0, 2, 0, 3, 0, 4, 0),
    "16-bit numbers that are mostly no ASCII": bytes(0x41, 0, 0x00, 0x30, 0x11, 0x31, 0x12, 0x32),
    "16-bit text with half a character": bytes(...Buffer.from("plain words \ud83d and more", "utf16le")),
    "an ELF header": bytes(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0),
  };
  for (const [name, sample] of Object.entries(samples)) assert.equal(decode(sample), undefined, name);
});

test("decode takes an empty file for UTF-8, and half a UTF-16 character as it is", () => {
  assert.deepEqual(decode(bytes()), { text: "", encoding: "utf-8", bom: false });
  const half = bytes(0xff, 0xfe, 0x41, 0, 0x3d, 0xd8);
  assert.deepEqual([...encode(decode(half)?.text ?? "", { encoding: "utf-16le", bom: true }) ?? []], [
    ...half,
  ]);
});

test("detect accepts a beginning that ends inside a character, and only as a beginning", () => {
  const cut = utf8("aé").subarray(0, 2);
  assert.deepEqual(detect(cut, true), { encoding: "utf-8", bom: false });
  assert.deepEqual(detect(cut), { encoding: "latin1", bom: false });
  const wide = bytes(0xff, 0xfe, 0x41, 0, 0x42);
  assert.deepEqual(detect(wide, true), { encoding: "utf-16le", bom: true });
  assert.deepEqual(detect(Buffer.from("words 🎉", "utf16le").subarray(0, -2), true), {
    encoding: "utf-16le",
    bom: false,
  });
});

test("unencodable points at the first character that an encoding lacks", () => {
  assert.equal(unencodable("naïve – €", "latin1"), undefined);
  assert.equal(unencodable("ab→", "latin1"), 2);
  assert.equal(unencodable("a\u0080", "latin1"), 1, "byte 0x80 is the euro sign");
  assert.equal(unencodable("a\ud83d!", "utf-8"), 1);
  assert.equal(unencodable("🎉\ud83d!", "utf-16be"), undefined);
  assert.equal(encode("ab→", { encoding: "latin1", bom: false }), undefined);
  assert.equal(encode("\udc00", { encoding: "utf-8", bom: false }), undefined);
});

test("lineEnding tells one style from several", () => {
  const samples = [
    ["", "none"],
    ["one line", "none"],
    ["a\nb\n", "\n"],
    ["a\r\nb\r\n", "\r\n"],
    ["a\rb\r", "\r"],
    ["a\r\nb\n", "mixed"],
    ["a\r\r\n", "mixed"],
    ["a\n\r", "mixed"],
  ] as const;
  for (const [text, expected] of samples) assert.equal(lineEnding(text), expected, JSON.stringify(text));
});

test("decode and encode restore any bytes that decode accepts", () => {
  const random = createRandom();
  const marks = [[], [0xef, 0xbb, 0xbf], [0xff, 0xfe], [0xfe, 0xff]];
  const common = [0x0a, 0x0d, 0x20, 0x41, 0x61, 0xc3, 0xa9, 0xe9, 0x80, 0x9f, 0xf0, 0xd8, 0];
  let accepted = 0;
  for (let round = 0; round < 3_000; round++) {
    const body = random.list(12, () => random.int(4) === 0 ? random.int(256) : random.pick(common));
    const sample = Uint8Array.from([...random.pick(marks), ...body]);
    const decoded = decode(sample);
    if (decoded === undefined) continue;
    accepted++;
    const again = encode(decoded.text, decoded);
    assert.deepEqual([...again ?? []], [...sample], `seed ${random.seed}, round ${round}`);
  }
  assert.ok(accepted > 300, `only ${accepted} samples were text (seed ${random.seed})`);
});
