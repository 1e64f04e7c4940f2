import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { promisedMimeType, sniff, textMimeType } from "../../lib/media.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

test("sniff recognises images and sounds by their bytes", () => {
  const samples: [string, string][] = [
    ["\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"],
    ["\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"],
    ["GIF89a\x01\0\x01\0", "image/gif"],
    ["RIFF\x24\0\0\0WEBPVP8 ", "image/webp"],
    ["RIFF\x24\0\0\0WAVEfmt ", "audio/wav"],
    ["ID3\x04\0\0\0\0\0\0", "audio/mpeg"],
    [`OggS\0\x02${"\0".repeat(22)}OpusHead`, "audio/ogg"],
    ["fLaC\0\0\0\x22", "audio/flac"],
    ["\0\0\0\x20ftypM4A \0\0\0\0", "audio/mp4"],
  ];
  for (const [sample, mimeType] of samples) {
    const type = sniff(bytes(sample));
    assert.equal(type?.mimeType, mimeType);
    assert.equal(type?.kind, mimeType.split("/")[0]);
  }
});

test("sniff takes an MP3 without a tag only when a second frame follows the first", () => {
  // MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes a frame.
  const frame = Buffer.alloc(417);
  frame.set([0xff, 0xfb, 0x90, 0x00]);
  assert.equal(sniff(Buffer.concat([frame, frame]))?.mimeType, "audio/mpeg");
  assert.equal(sniff(Buffer.concat([frame, Buffer.alloc(417)])), undefined);
});

test("sniff names documents and other files without taking them for media", () => {
  const kinds = new Map([
    ["%PDF-1.7\n", "PDF document"],
    ["PK\x03\x04\x14\0\x06\0[Content_Types].xml ... word/document.xml", "Word document (.docx)"],
    ["PK\x03\x04\x14\0\x06\0[Content_Types].xml ... xl/workbook.xml", "Excel workbook (.xlsx)"],
    ["PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.textPK", "OpenDocument text"],
    ["PK\x03\x04\x14\0some.txt", "ZIP archive"],
    ["\0\0\0\x18ftypmp42", "MP4 video"],
    ["\x7fELF\x02\x01", "ELF program or library"],
    ["SQLite format 3\0", "SQLite database"],
    [`${"\0".repeat(257)}ustar`, "tar archive"],
  ]);
  for (const [sample, name] of kinds) {
    const type = sniff(bytes(sample));
    assert.equal(type?.name, name);
    assert.ok(type.kind === "document" || type.kind === "other");
  }
  for (const sample of ["", "\0", "\x01\x02\x03", "RIFF\0\0\0\0ABCD"]) {
    assert.equal(sniff(bytes(sample)), undefined);
  }
});

test("textMimeType and promisedMimeType go by the extension, whatever its case", () => {
  assert.equal(textMimeType("/a/Notes.MD"), "text/markdown");
  assert.equal(textMimeType("/a/photo.png"), "text/plain");
  assert.equal(textMimeType("drawing.svg"), "image/svg+xml");
  assert.equal(promisedMimeType("photo.PNG"), "image/png");
  assert.equal(promisedMimeType("Makefile"), undefined);
});
