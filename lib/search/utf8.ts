/**
 * Files as ripgrep sees them: in UTF-8, without a byte order mark.
 * @module
 */
import { Buffer } from "node:buffer";
import type { OpenFile } from "../fs/types.ts";
import { WHOLE_FILE_BYTES_MAX } from "../limits.ts";
import { readAt } from "../lines.ts";
import { decodeAs } from "../text.ts";

/**
 * The contents of a file in UTF-8 without the byte order mark. UTF-16 with a mark is converted in memory; of
 * files above {@link WHOLE_FILE_BYTES_MAX} it is only the beginning.
 */
export async function asUtf8(file: OpenFile): Promise<OpenFile> {
  const [a, b, c] = await readAt(file, Buffer.alloc(3), 0);
  if (a === 0xef && b === 0xbb && c === 0xbf) return shifted(file, 3);
  const encoding = a === 0xff && b === 0xfe ? "utf-16le" : a === 0xfe && b === 0xff ? "utf-16be" : undefined;
  if (encoding === undefined) return file;
  const bytes = await readAt(file, Buffer.alloc(Math.min(file.info.size, WHOLE_FILE_BYTES_MAX)), 0);
  return inMemory(Buffer.from(decodeAs(bytes.subarray(2), encoding), "utf8"), file);
}

function shifted(file: OpenFile, by: number): OpenFile {
  return {
    ...file,
    info: { ...file.info, size: file.info.size - by },
    read: (buffer, position) => file.read(buffer, position + by),
  };
}

function inMemory(bytes: Buffer, file: OpenFile): OpenFile {
  return {
    ...file,
    info: { ...file.info, size: bytes.length },
    read: (buffer, position) => Promise.resolve(bytes.copy(buffer, 0, position, position + buffer.length)),
  };
}
