/**
 * Writing PNG images (third edition): enough for pages of documents.
 * @module
 */
import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";

/** Pixels as PDFium draws them: blue, green, red and a byte that does not count. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Bytes of a row. */
  readonly stride: number;
  readonly bytes: Uint8Array;
}

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/**
 * Encodes an image. What has no colours is stored without them.
 * @param bits 24: in colours; 8 or 4: in as many shades of grey.
 */
export function encodePng(pixels: Pixels, bits: 24 | 8 | 4): Buffer {
  const depth = bits === 24 && isGrey(pixels) ? 8 : bits;
  const rows = depth === 24 ? colourRows(pixels) : greyRows(pixels, depth);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(pixels.width, 0);
  header.writeUInt32BE(pixels.height, 4);
  header[8] = depth === 24 ? 8 : depth;
  header[9] = depth === 24 ? 2 : 0;
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 6 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

function isGrey({ width, height, stride, bytes }: Pixels): boolean {
  for (let y = 0; y < height; y++) {
    for (let at = y * stride, end = at + width * 4; at < end; at += 4) {
      if (bytes[at] !== bytes[at + 1] || bytes[at] !== bytes[at + 2]) return false;
    }
  }
  return true;
}

/** Rows with the filter "Up" (12.2): the difference to the row above, which for pages is mostly nothing. */
function colourRows({ width, height, stride, bytes }: Pixels): Buffer {
  const rows = Buffer.alloc(height * (1 + width * 3));
  let out = 0;
  for (let y = 0; y < height; y++) {
    rows[out++] = 2;
    for (let x = 0; x < width; x++) {
      const at = y * stride + x * 4;
      for (let colour = 2; colour >= 0; colour--) {
        const above = y === 0 ? 0 : bytes[at + colour - stride] ?? 0;
        rows[out++] = (bytes[at + colour] ?? 0) - above;
      }
    }
  }
  return rows;
}

function greyRows({ width, height, stride, bytes }: Pixels, depth: 8 | 4): Buffer {
  const length = depth === 8 ? width : Math.ceil(width / 2);
  const rows = Buffer.alloc(height * (1 + length));
  for (let y = 0; y < height; y++) {
    // Filter 0: none.
    const row = y * (1 + length) + 1;
    for (let x = 0; x < width; x++) {
      const at = y * stride + x * 4;
      // ITU-R BT.601.
      const grey = (114 * (bytes[at] ?? 0) + 587 * (bytes[at + 1] ?? 0) + 299 * (bytes[at + 2] ?? 0)) / 1_000;
      if (depth === 8) rows[row + x] = Math.round(grey);
      else {rows[row + (x >> 1)] = (rows[row + (x >> 1)] ?? 0) |
          (Math.round(grey / 17) << (x % 2 === 0 ? 4 : 0));}
    }
  }
  return rows;
}
