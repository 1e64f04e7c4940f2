/**
 * Archives: what is inside, without unpacking it. ZIP, tar (POSIX ustar and GNU), and tar in gzip.
 * @module
 */
import { Buffer } from "node:buffer";
import { constants, createGunzip } from "node:zlib";
import { count, counted, sizeText } from "../../format.ts";
import {
  ARCHIVE_ENTRIES_MAX,
  ARCHIVE_LISTED_MAX,
  READ_CHUNK_BYTES,
  UNPACKED_BYTES_MAX,
} from "../../limits.ts";
import { tableRow, tableRule } from "../markdown.ts";
import type { Sink } from "../sink.ts";
import { Unreadable } from "../unreadable.ts";
import type { Zip } from "../zip.ts";

interface Listed {
  readonly name: string;
  readonly size: number;
  readonly modified: Date | undefined;
  readonly note: string;
}

/** Lists a ZIP archive. */
export function listZip(zip: Zip, sink: Sink): void {
  sink.unit = "entry";
  const entries = [...zip.entries.values()];
  sink.total = entries.length;
  writeList(
    entries.slice(0, ARCHIVE_LISTED_MAX).map(({ name, size, modified, isEncrypted }) => ({
      name,
      size,
      modified,
      note: isEncrypted ? "encrypted" : "",
    })),
    entries.length,
    entries.reduce((sum, { size }) => sum + size, 0),
    sink,
  );
}

/** Lists a tar archive. */
export async function listTar(bytes: Uint8Array, isPacked: boolean, sink: Sink): Promise<void> {
  sink.unit = "entry";
  const pieces = isPacked ? unpack(bytes) : [bytes];
  const reader = new TarReader();
  let isTar = true;
  for await (const piece of pieces) {
    await sink.drain();
    isTar = reader.write(piece);
    if (!isTar || reader.isFull || reader.isDone) break;
  }
  if (reader.entries.length === 0 && !reader.isDone) {
    if (!isPacked) throw new Unreadable("it is damaged (no tar archive)", "Ask for another copy of it.");
    sink.unit = "section";
    sink.line(
      `One packed file${await packedSize(bytes)}, and no archive. The person can unpack it with gunzip.`,
    );
    return;
  }
  sink.total = reader.entries.length;
  if (reader.isFull) sink.warn(`Only the first ${count(ARCHIVE_ENTRIES_MAX)} entries were counted.`);
  else if (!reader.isAtEnd && !reader.isDone) {
    sink.warn("The archive ends in the middle of an entry: it is incomplete.");
  }
  const total = reader.entries.reduce((sum, { size }) => sum + size, 0);
  writeList(reader.entries.slice(0, ARCHIVE_LISTED_MAX), reader.entries.length, total, sink);
}

function writeList(entries: readonly Listed[], total: number, bytes: number, sink: Sink): void {
  sink.line(`${counted(total, "entry", "entries")}, ${sizeText(bytes)} unpacked (as the archive states)`);
  if (total > entries.length) {
    sink.warn(`Only the first ${count(entries.length)} of ${count(total)} entries are listed.`);
  }
  sink.blank();
  if (entries.length === 0) return;
  sink.line(tableRow(["Size", "Modified", "Name"]));
  sink.line(tableRule(3));
  for (const { name, size, modified, note } of entries) {
    const when = modified === undefined || Number.isNaN(modified.getTime())
      ? ""
      : modified.toISOString().slice(0, 16).replace("T", " ");
    sink.line(
      tableRow([name.endsWith("/") ? "" : sizeText(size), when, note === "" ? name : `${name} (${note})`]),
    );
  }
}

async function packedSize(bytes: Uint8Array): Promise<string> {
  let size = 0;
  for await (const piece of unpack(bytes)) size += piece.length;
  return ` of ${sizeText(size)}`;
}

async function* unpack(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: READ_CHUNK_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
  gunzip.end(bytes);
  let size = 0;
  try {
    for await (const piece of gunzip) {
      size += piece.length;
      if (size > UNPACKED_BYTES_MAX) {
        throw new Unreadable(
          `it unpacks to more than ${sizeText(UNPACKED_BYTES_MAX)}`,
          "Ask the person whether it is what they expect.",
        );
      }
      yield piece;
    }
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable("it is damaged (it cannot be unpacked)", "Ask the person for another copy of it.");
  } finally {
    gunzip.destroy();
  }
}

const BLOCK = 512;
/** Bytes of a long name (GNU) or of extended headers (pax) that are kept. */
const LONG_MAX = 64 * 1024;

/** Takes a tar archive in pieces and keeps its headers. */
class TarReader {
  readonly entries: Listed[] = [];
  isAtEnd = true;
  isDone = false;
  #rest: Buffer = Buffer.alloc(0);
  #skip = 0;
  #name: string | undefined;
  #empty = 0;

  get isFull(): boolean {
    return this.entries.length >= ARCHIVE_ENTRIES_MAX;
  }

  /** @returns false when this is no tar archive. */
  write(piece: Uint8Array): boolean {
    let bytes = Buffer.concat([this.#rest, piece]);
    while (!this.isFull && !this.isDone) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      bytes = bytes.subarray(skipped);
      this.isAtEnd = this.#skip === 0 && bytes.length < BLOCK;
      if (this.#skip > 0 || bytes.length < BLOCK) break;
      const header = bytes.subarray(0, BLOCK);
      if (header.every((byte) => byte === 0)) {
        bytes = bytes.subarray(BLOCK);
        // Two empty blocks are the end.
        if (++this.#empty === 2) this.isDone = true;
        continue;
      }
      this.#empty = 0;
      if (!isHeader(header)) return false;
      const size = numberOf(header, 124, 12);
      const padded = Math.ceil(size / BLOCK) * BLOCK;
      const type = String.fromCharCode(header[156] ?? 0);
      if (/[LxKg]/.test(type) && padded <= LONG_MAX) {
        if (bytes.length < BLOCK + padded) break;
        const long = bytes.subarray(BLOCK, BLOCK + size).toString("utf8");
        if (type === "L") this.#name = textOf(Buffer.from(long), 0, size);
        else if (type === "x") this.#name = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(long)?.[1] ?? this.#name;
        bytes = bytes.subarray(BLOCK + padded);
        continue;
      }
      this.#add(header, type, size);
      bytes = bytes.subarray(BLOCK);
      this.#skip = padded;
    }
    this.#rest = Buffer.from(bytes);
    return true;
  }

  #add(header: Buffer, type: string, size: number): void {
    const prefix = textOf(header, 345, 155);
    const name = this.#name ?? (prefix === "" ? "" : `${prefix}/`) + textOf(header, 0, 100);
    this.#name = undefined;
    const target = textOf(header, 157, 100);
    this.entries.push({
      name,
      size,
      modified: new Date(numberOf(header, 136, 12) * 1_000),
      note: type === "1" || type === "2" ? `link to ${target}` : "",
    });
  }
}

/** The sum of all bytes, with spaces in place of the sum itself, tells a header from anything else. */
function isHeader(header: Buffer): boolean {
  let sum = 8 * 0x20;
  for (const [index, byte] of header.entries()) if (index < 148 || index >= 156) sum += byte;
  return sum === numberOf(header, 148, 8);
}

/** A number in octal digits, or, with the highest bit set, in binary. */
function numberOf(header: Buffer, at: number, length: number): number {
  if (((header[at] ?? 0) & 0x80) !== 0) {
    return Number(header.readBigUInt64BE(at + length - 8) & 0x1fffffffffffffn);
  }
  return parseInt(textOf(header, at, length).trim(), 8) || 0;
}

function textOf(header: Buffer, at: number, length: number): string {
  const text = header.subarray(at, at + length);
  const end = text.indexOf(0);
  return text.subarray(0, end === -1 ? text.length : end).toString("utf8");
}
