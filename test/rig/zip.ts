/**
 * Makes ZIP archives, sound ones and others.
 * @module
 */
import { Buffer } from "node:buffer";
import { crc32, deflateRawSync } from "node:zlib";

/** What may be told untruthfully about an entry. */
export interface Lies {
  /** The unpacked size its directory claims. */
  readonly size?: number;
  /** The packed size its directory claims. */
  readonly packed?: number;
  readonly encrypted?: boolean;
  readonly stored?: boolean;
  readonly method?: number;
}

/** An archive of files by their names. */
export function zip(
  files: Readonly<Record<string, string | Uint8Array>>,
  lies: Readonly<Record<string, Lies>> = {},
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const lie = lies[name] ?? {};
    const plain = Buffer.from(content as string);
    const data = lie.stored === true ? plain : deflateRawSync(plain);
    const flags = 0x800 | (lie.encrypted === true ? 1 : 0);
    const bytes = Buffer.from(name);
    const header = Buffer.alloc(46);
    header.writeUInt32LE(0x02014b50, 0);
    header.writeUInt16LE(20, 6);
    header.writeUInt16LE(flags, 8);
    header.writeUInt16LE(lie.method ?? (lie.stored === true ? 0 : 8), 10);
    header.writeUInt16LE(0x6000, 12);
    header.writeUInt16LE((46 << 9) | (11 << 5) | 22, 14);
    header.writeUInt32LE(crc32(plain), 16);
    header.writeUInt32LE(lie.packed ?? data.length, 20);
    header.writeUInt32LE(lie.size ?? plain.length, 24);
    header.writeUInt16LE(bytes.length, 28);
    header.writeUInt32LE(at, 42);
    directory.push(header, bytes);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    header.copy(local, 4, 6, 28);
    local.writeUInt16LE(bytes.length, 26);
    parts.push(local, bytes, data);
    at += local.length + bytes.length + data.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, listing, end]);
}
