/**
 * Reading ZIP archives (PKWARE APPNOTE 6.3.10) that lie in memory: their directory, and single entries.
 *
 * Nothing the directory claims is believed: positions are checked, sizes are those that come out, and what
 * comes out of all entries together is limited. Nothing is written, so names lead nowhere.
 * @module
 */
import { Buffer } from "node:buffer";
import { constants, createInflateRaw } from "node:zlib";
import { sizeText } from "../format.ts";
import {
  ARCHIVE_ENTRIES_MAX,
  READ_CHUNK_BYTES,
  UNPACKED_BYTES_MAX,
  UNPACKED_PART_BYTES_MAX,
} from "../limits.ts";
import { Unreadable } from "./unreadable.ts";

/** An entry as the directory states it. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes, as claimed. */
  readonly size: number;
  readonly packed: number;
  readonly modified: Date | undefined;
  readonly isEncrypted: boolean;
  /** 0: stored, 8: deflated. */
  readonly method: number;
  /** Where its local header stands. */
  readonly at: number;
}

const END = 0x06054b50;
const END_BYTES = 22;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
/** An archive may end in a comment of this length. */
const COMMENT_BYTES_MAX = 0xffff;
const MAX32 = 0xffffffff;

/** An archive. */
export class Zip {
  /** In the order of the directory; of entries with the same name the last one counts. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly #bytes: Buffer;
  #unpacked = 0;

  /** @throws {Unreadable} when there is no directory, or it makes no sense. */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.entries = readDirectory(this.#bytes);
  }

  /** Whether there is an entry of this name. */
  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** The contents of an entry in pieces; nothing when there is no such entry. */
  async *pieces(name: string): AsyncGenerator<Uint8Array> {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    const packed = this.#packed(entry);
    if (entry.method === 0) {
      this.#count(packed.length);
      for (let at = 0; at < packed.length; at += READ_CHUNK_BYTES) {
        yield packed.subarray(at, at + READ_CHUNK_BYTES);
      }
      return;
    }
    // What is damaged at its end still gives its beginning.
    const inflate = createInflateRaw({ chunkSize: READ_CHUNK_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
    inflate.end(packed);
    try {
      for await (const piece of inflate) {
        this.#count(piece.length);
        yield piece;
      }
    } catch (error) {
      if (error instanceof Unreadable) throw error;
      throw damaged(`"${name}" inside it cannot be unpacked`);
    } finally {
      inflate.destroy();
    }
  }

  /** The whole contents of an entry, or undefined when there is none. */
  async bytes(name: string): Promise<Buffer | undefined> {
    if (!this.entries.has(name)) return undefined;
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of this.pieces(name)) {
      size += piece.length;
      if (size > UNPACKED_PART_BYTES_MAX) throw bomb(`"${name}" inside it`, UNPACKED_PART_BYTES_MAX);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  #packed({ name, at, packed, method, isEncrypted }: ZipEntry): Buffer {
    if (isEncrypted) {
      throw new Unreadable("it is encrypted with a password", "Ask the person for a copy without one.");
    }
    if (method !== 0 && method !== 8) {
      throw new Unreadable(
        `"${name}" inside it is packed with method ${method}, which is not read here`,
        "Ask the person to save or pack it anew.",
      );
    }
    if (at + LOCAL_BYTES > this.#bytes.length || this.#bytes.readUInt32LE(at) !== LOCAL) {
      throw damaged(`"${name}" is not where its directory says`);
    }
    const start = at + LOCAL_BYTES + this.#bytes.readUInt16LE(at + 26) + this.#bytes.readUInt16LE(at + 28);
    if (start + packed > this.#bytes.length) throw damaged(`"${name}" goes beyond its end`);
    return this.#bytes.subarray(start, start + packed);
  }

  #count(bytes: number): void {
    this.#unpacked += bytes;
    if (this.#unpacked > UNPACKED_BYTES_MAX) throw bomb("it", UNPACKED_BYTES_MAX);
  }
}

function damaged(why: string): Unreadable {
  return new Unreadable(
    `it is damaged (${why})`,
    "Ask the person for another copy of it, perhaps it was not downloaded completely.",
  );
}

function bomb(what: string, max: number): Unreadable {
  return new Unreadable(
    `${what} unpacks to more than ${sizeText(max)}`,
    "Ask the person whether it is what they expect; a smaller document can be read.",
  );
}

function readDirectory(bytes: Buffer): Map<string, ZipEntry> {
  const end = findEnd(bytes);
  let count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  let size = bytes.readUInt32LE(end + 12);
  const end64 = findEnd64(bytes, end);
  if (end64 !== undefined) {
    count = Number(bytes.readBigUInt64LE(end64 + 32));
    size = Number(bytes.readBigUInt64LE(end64 + 40));
    at = Number(bytes.readBigUInt64LE(end64 + 48));
  }
  // Self-extracting archives have a program in front, which the positions do not count.
  const shift = Math.max(0, (end64 ?? end) - size - at);
  if (count > ARCHIVE_ENTRIES_MAX) {
    throw new Unreadable(
      `it has ${count} entries, and ${ARCHIVE_ENTRIES_MAX} are the most that are looked at`,
      "Ask the person to unpack it.",
    );
  }
  const entries = new Map<string, ZipEntry>();
  let position = at + shift;
  for (let index = 0; index < count; index++) {
    if (position + ENTRY_BYTES > bytes.length || bytes.readUInt32LE(position) !== ENTRY) {
      throw damaged("its directory is incomplete");
    }
    const nameBytes = bytes.readUInt16LE(position + 28);
    const extraBytes = bytes.readUInt16LE(position + 30);
    const entry = readEntry(bytes.subarray(position), nameBytes, extraBytes, shift);
    entries.delete(entry.name);
    entries.set(entry.name, entry);
    position += ENTRY_BYTES + nameBytes + extraBytes + bytes.readUInt16LE(position + 32);
  }
  return entries;
}

function findEnd(bytes: Buffer): number {
  const first = Math.max(0, bytes.length - END_BYTES - COMMENT_BYTES_MAX);
  for (let at = bytes.length - END_BYTES; at >= first; at--) {
    if (bytes[at] === 0x50 && bytes.readUInt32LE(at) === END) return at;
  }
  throw damaged("a ZIP file without a directory at its end");
}

function findEnd64(bytes: Buffer, end: number): number | undefined {
  const locator = end - 20;
  if (locator < 0 || bytes.readUInt32LE(locator) !== LOCATOR64) return undefined;
  const at = Number(bytes.readBigUInt64LE(locator + 8));
  return at + 56 <= bytes.length && bytes.readUInt32LE(at) === END64 ? at : undefined;
}

function readEntry(bytes: Buffer, nameBytes: number, extraBytes: number, shift: number): ZipEntry {
  const flags = bytes.readUInt16LE(8);
  const rawName = bytes.subarray(ENTRY_BYTES, ENTRY_BYTES + nameBytes);
  const wide = wideValues(bytes.subarray(ENTRY_BYTES + nameBytes, ENTRY_BYTES + nameBytes + extraBytes));
  const value = (at: number) => {
    const narrow = bytes.readUInt32LE(at);
    return narrow === MAX32 ? wide.shift() ?? narrow : narrow;
  };
  // The order in which the wide values stand.
  const size = value(24);
  const packed = value(20);
  return {
    // Bit 11: UTF-8. Old programs meant their own code page; most names are ASCII in either.
    name: rawName.toString("utf8").includes("\ufffd") && (flags & 0x800) === 0
      ? rawName.toString("latin1")
      : rawName.toString("utf8"),
    size,
    packed,
    method: bytes.readUInt16LE(10),
    modified: dosTime(bytes.readUInt16LE(14), bytes.readUInt16LE(12)),
    isEncrypted: (flags & 1) !== 0,
    at: value(42) + shift,
  };
}

/** The values of 64 bits in the extra field 1 (APPNOTE 4.5.3), in their order. */
function wideValues(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) {
      const values: number[] = [];
      for (let from = at + 4; from + 8 <= Math.min(at + 4 + length, extra.length); from += 8) {
        values.push(Number(extra.readBigUInt64LE(from)));
      }
      return values;
    }
    at += 4 + length;
  }
  return [];
}

/** A date of MS-DOS, which has no time zone: it is taken as UTC. */
function dosTime(date: number, time: number): Date | undefined {
  if (date === 0) return undefined;
  const [year, month, day] = [1980 + (date >> 9), (date >> 5) & 15, date & 31];
  return new Date(Date.UTC(year, month - 1, day, time >> 11, (time >> 5) & 63, (time & 31) * 2));
}
