/**
 * What a file is by its first bytes, never by its name: names lie, and nobody has to have given one.
 * @module
 */
import { Buffer } from "node:buffer";

/** A recognised type of file. */
export interface MediaType {
  /** "image" and "audio": a kind that a reply can carry. "document": readable, but not as it is. */
  readonly kind: "image" | "audio" | "document" | "other";
  /** IANA media type, or the customary one. */
  readonly mimeType: string;
  /** For a person: `PNG image`. */
  readonly name: string;
}

/** Bytes of a file that {@link sniff} looks at. */
export const SNIFF_BYTES = 4_096;

type MediaRow = [kind: MediaType["kind"], mimeType: string, name: string];
/** Bytes, as a string of Latin-1 characters, and where they stand. */
type Mark = readonly [at: number, bytes: string];

/** All marks of a row must be there; the first such row counts, so special forms come before general ones. */
const TYPES: readonly (readonly [...MediaRow, ...marks: Mark[]])[] = [
  ["image", "image/png", "PNG image", [0, "\x89PNG\r\n\x1a\n"]],
  ["image", "image/jpeg", "JPEG image", [0, "\xff\xd8\xff"]],
  ["image", "image/gif", "GIF image", [0, "GIF87a"]],
  ["image", "image/gif", "GIF image", [0, "GIF89a"]],
  ["image", "image/webp", "WebP image", [0, "RIFF"], [8, "WEBP"]],
  ["audio", "audio/mpeg", "MP3 audio", [0, "ID3"]],
  ["audio", "audio/wav", "WAV audio", [0, "RIFF"], [8, "WAVE"]],
  ["audio", "audio/ogg", "Ogg audio", [0, "OggS"], [28, "\x01vorbis"]],
  ["audio", "audio/ogg", "Ogg audio", [0, "OggS"], [28, "OpusHead"]],
  ["audio", "audio/ogg", "Ogg audio", [0, "OggS"], [28, "\x7fFLAC"]],
  ["audio", "audio/flac", "FLAC audio", [0, "fLaC"]],
  ["audio", "audio/mp4", "M4A audio", [4, "ftypM4A"]],
  ["audio", "audio/mp4", "M4B audio", [4, "ftypM4B"]],
  ["document", "application/pdf", "PDF document", [0, "%PDF-"]],
  ["document", "application/x-ole-storage", "old Office document (.doc, .xls, .ppt, .msg)", [
    0,
    "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
  ]],
  ["other", "image/bmp", "BMP image", [0, "BM"], [6, "\0\0\0\0"]],
  ["other", "image/tiff", "TIFF image", [0, "II*\0"]],
  ["other", "image/tiff", "TIFF image", [0, "MM\0*"]],
  ["other", "image/x-icon", "icon", [0, "\0\0\x01\0"]],
  ["other", "image/avif", "AVIF image", [4, "ftypavif"]],
  ["other", "image/heic", "HEIC image", [4, "ftyphei"]],
  ["other", "image/heic", "HEIC image", [4, "ftypmif1"]],
  ["other", "image/vnd.adobe.photoshop", "Photoshop image", [0, "8BPS"]],
  ["other", "video/quicktime", "QuickTime video", [4, "ftypqt"]],
  ["other", "video/mp4", "MP4 video", [4, "ftyp"]],
  ["other", "video/x-msvideo", "AVI video", [0, "RIFF"], [8, "AVI "]],
  ["other", "video/webm", "Matroska or WebM video", [0, "\x1aE\xdf\xa3"]],
  ["other", "video/ogg", "Ogg media", [0, "OggS"]],
  ["other", "audio/midi", "MIDI music", [0, "MThd"]],
  ["other", "application/gzip", "gzip archive", [0, "\x1f\x8b"]],
  ["other", "application/x-bzip2", "bzip2 archive", [0, "BZh"], [4, "1AY&SY"]],
  ["other", "application/x-xz", "xz archive", [0, "\xfd7zXZ\0"]],
  ["other", "application/zstd", "Zstandard archive", [0, "\x28\xb5\x2f\xfd"]],
  ["other", "application/x-7z-compressed", "7-Zip archive", [0, "7z\xbc\xaf\x27\x1c"]],
  ["other", "application/vnd.rar", "RAR archive", [0, "Rar!\x1a\x07"]],
  ["other", "application/x-tar", "tar archive", [257, "ustar"]],
  ["other", "application/x-elf", "ELF program or library", [0, "\x7fELF"]],
  ["other", "application/x-mach-binary", "Mach-O program or library", [0, "\xcf\xfa\xed\xfe"]],
  ["other", "application/java-vm", "Java class or universal Mach-O program", [0, "\xca\xfe\xba\xbe"]],
  ["other", "application/vnd.microsoft.portable-executable", "Windows program or library", [0, "MZ"]],
  ["other", "application/wasm", "WebAssembly module", [0, "\0asm"]],
  ["other", "application/vnd.sqlite3", "SQLite database", [0, "SQLite format 3\0"]],
  ["other", "application/vnd.apache.parquet", "Parquet table", [0, "PAR1"]],
  ["other", "font/woff", "WOFF font", [0, "wOFF"]],
  ["other", "font/woff2", "WOFF2 font", [0, "wOF2"]],
  ["other", "font/ttf", "TrueType font", [0, "\0\x01\0\0\0"]],
  ["other", "font/otf", "OpenType font", [0, "OTTO"]],
];

/** Media types of Office Open XML and OpenDocument share these beginnings. */
const OOXML = "application/vnd.openxmlformats-officedocument";
const ODF = "application/vnd.oasis.opendocument";

/** What a ZIP file is by what its beginning contains; the first that occurs counts. */
const ZIPS: readonly (readonly [contains: string, ...MediaRow])[] = [
  [`mimetype${ODF}.text`, "document", `${ODF}.text`, "OpenDocument text"],
  [`mimetype${ODF}.spreadsheet`, "document", `${ODF}.spreadsheet`, "OpenDocument spreadsheet"],
  [`mimetype${ODF}.presentation`, "document", `${ODF}.presentation`, "OpenDocument presentation"],
  ["mimetypeapplication/epub+zip", "document", "application/epub+zip", "EPUB book"],
  ["word/", "document", `${OOXML}.wordprocessingml.document`, "Word document (.docx)"],
  ["xl/", "document", `${OOXML}.spreadsheetml.sheet`, "Excel workbook (.xlsx)"],
  ["ppt/", "document", `${OOXML}.presentationml.presentation`, "PowerPoint presentation (.pptx)"],
  ["[Content_Types].xml", "document", "application/zip", "Office document"],
  ["META-INF/MANIFEST.MF", "other", "application/java-archive", "Java archive"],
  ["", "other", "application/zip", "ZIP archive"],
];

/**
 * Recognises a file that is not text by its beginning ({@link SNIFF_BYTES} suffice). Ask only for bytes that
 * are no text: some marks are plain letters.
 */
export function sniff(bytes: Uint8Array): MediaType | undefined {
  const start = Buffer.from(bytes.subarray(0, SNIFF_BYTES)).toString("latin1");
  for (const [kind, mimeType, name, ...marks] of TYPES) {
    if (marks.every(([at, mark]) => start.startsWith(mark, at))) return { kind, mimeType, name };
  }
  if (start.startsWith("PK\x03\x04") || start.startsWith("PK\x05\x06")) return sniffZip(start);
  return isMp3(bytes) ? { kind: "audio", mimeType: "audio/mpeg", name: "MP3 audio" } : undefined;
}

function sniffZip(start: string): MediaType | undefined {
  const row = ZIPS.find(([contains]) => start.includes(contains));
  return row === undefined ? undefined : { kind: row[1], mimeType: row[2], name: row[3] };
}

/**
 * An MP3 without a tag starts with a frame (ISO/IEC 11172-3, 2.4.1.3): eleven set bits, layer III, a valid
 * bit rate and sampling rate; and where that frame ends, the next one starts.
 */
function isMp3(bytes: Uint8Array): boolean {
  const length = mp3FrameBytes(bytes, 0);
  return length !== undefined && mp3FrameBytes(bytes, length) !== undefined;
}

/** Kilobits a second by index, for MPEG-1 and for MPEG-2 and 2.5 (ISO/IEC 13818-3). */
const MP3_RATES_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MP3_RATES_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const MP3_SAMPLES = [44_100, 48_000, 32_000];

function mp3FrameBytes(bytes: Uint8Array, at: number): number | undefined {
  const [sync = 0, version = 0, rates = 0] = bytes.subarray(at, at + 3);
  // Layer III is 01 in the two bits after the version.
  if (sync !== 0xff || (version & 0xe6) !== 0xe2) return undefined;
  const isVersion1 = (version & 0x18) === 0x18;
  const kilobits = (isVersion1 ? MP3_RATES_1 : MP3_RATES_2)[rates >> 4] ?? 0;
  const samples = (MP3_SAMPLES[(rates >> 2) & 3] ?? 0) / (isVersion1 ? 1 : (version & 0x18) === 0x10 ? 2 : 4);
  if (kilobits === 0 || samples === 0) return undefined;
  return Math.floor((isVersion1 ? 144_000 : 72_000) * kilobits / samples) + ((rates >> 1) & 1);
}

/** Media types by extension, where a client can do something with the difference. */
const TEXT_TYPES: ReadonlyMap<string, string> = new Map([
  ["css", "text/css"],
  ["csv", "text/csv"],
  ["htm", "text/html"],
  ["html", "text/html"],
  ["ics", "text/calendar"],
  ["js", "text/javascript"],
  ["json", "application/json"],
  ["md", "text/markdown"],
  ["mjs", "text/javascript"],
  ["svg", "image/svg+xml"],
  ["tsv", "text/tab-separated-values"],
  ["txt", "text/plain"],
  ["xml", "application/xml"],
  ["yaml", "application/yaml"],
  ["yml", "application/yaml"],
]);

const BINARY_TYPES: ReadonlyMap<string, string> = new Map([
  ["flac", "audio/flac"],
  ["gif", "image/gif"],
  ["jpeg", "image/jpeg"],
  ["jpg", "image/jpeg"],
  ["m4a", "audio/mp4"],
  ["mp3", "audio/mpeg"],
  ["ogg", "audio/ogg"],
  ["pdf", "application/pdf"],
  ["png", "image/png"],
  ["wav", "audio/wav"],
  ["webp", "image/webp"],
  ["zip", "application/zip"],
]);

/** The media type of a file that is known to be text: `text/plain` unless its extension says more. */
export function textMimeType(name: string): string {
  return TEXT_TYPES.get(extension(name)) ?? "text/plain";
}

/**
 * The media type that an extension promises, for listings that do not open files; undefined where it says
 * nothing.
 */
export function promisedMimeType(name: string): string | undefined {
  return TEXT_TYPES.get(extension(name)) ?? BINARY_TYPES.get(extension(name));
}

function extension(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
}
