/**
 * The frames on the pipe between the server and its worker processes: JSON with byte strings beside it, so
 * that the contents of a file travel as they are.
 *
 * A frame is two lengths (32 bits each, little endian: of the JSON, of the bytes), the JSON, the bytes. The
 * JSON is an array of the message and of the lengths of its byte strings.
 * @module
 */
import { Buffer } from "node:buffer";

/** A message with its byte strings. */
export interface Frame {
  readonly message: unknown;
  readonly bytes: readonly Uint8Array[];
}

const HEADER_BYTES = 8;

/** The pieces of a frame, in the order they are written. Byte strings are not copied. */
export function encodeFrame(message: unknown, bytes: readonly Uint8Array[] = []): Uint8Array[] {
  const json = Buffer.from(JSON.stringify([message, bytes.map((one) => one.length)]));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(json.length, 0);
  header.writeUInt32LE(bytes.reduce((sum, one) => sum + one.length, 0), 4);
  const head = Buffer.concat([header, json]);
  return [head, ...bytes.filter((one) => one.length > 0)];
}

/** Puts frames together again from what arrives in pieces. */
export class FrameReader {
  readonly #bytesMax: number;
  #pieces: Uint8Array[] = [];
  #length = 0;
  #needed = HEADER_BYTES;

  /** @param bytesMax Bytes of a frame; a longer one is refused before it is read. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * Takes a piece and gives the frames that are complete with it.
   * @throws {Error} when this is no frame, or a too long one: the pipe is of no use any more.
   */
  take(piece: Uint8Array): Frame[] {
    this.#pieces.push(piece);
    this.#length += piece.length;
    const frames: Frame[] = [];
    while (this.#length >= this.#needed) {
      const all = joined(this.#pieces);
      const jsonBytes = all.readUInt32LE(0);
      const end = HEADER_BYTES + jsonBytes + all.readUInt32LE(4);
      if (end > this.#bytesMax) throw new Error(`a message of ${end} bytes, at most ${this.#bytesMax}`);
      this.#needed = end;
      if (all.length >= end) {
        frames.push(decode(all.subarray(HEADER_BYTES, end), jsonBytes));
        this.#needed = HEADER_BYTES;
      }
      const rest = all.length >= end ? all.subarray(end) : all;
      this.#pieces = [rest];
      this.#length = rest.length;
    }
    return frames;
  }
}

function joined([first, ...rest]: readonly Uint8Array[]): Buffer {
  if (first === undefined || rest.length > 0) {
    return Buffer.concat(first === undefined ? [] : [first, ...rest]);
  }
  return Buffer.from(first.buffer, first.byteOffset, first.byteLength);
}

function decode(body: Buffer, jsonBytes: number): Frame {
  const parsed: unknown = JSON.parse(body.toString("utf8", 0, jsonBytes));
  if (!Array.isArray(parsed) || !Array.isArray(parsed[1])) throw new Error("a message of an unknown form");
  let at = jsonBytes;
  const bytes = parsed[1].map((length: unknown) => {
    if (typeof length !== "number" || !Number.isInteger(length) || length < 0 || at + length > body.length) {
      throw new Error("a message whose byte strings do not fit into it");
    }
    at += length;
    return body.subarray(at - length, at);
  });
  return { message: parsed[0], bytes };
}
