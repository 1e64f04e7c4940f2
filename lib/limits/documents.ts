/**
 * The limits of reading documents; part of lib/limits.ts, through which they are imported.
 * @module
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes of a document that is read: all of it goes into the memory of the reader. */
export const DOCUMENT_BYTES_MAX = 200 * MIB;
/** Bytes of memory the process that reads a document may take: PDF pages of photographs need hundreds. */
export const DOCUMENT_MEMORY_BYTES_MAX = 1024 * MIB;
/** Milliseconds reading a document may take before it ends with what it has: below CALL_MS_MAX. */
export const DOCUMENT_MS_MAX = 30_000;
/** Milliseconds after which a reader that does not end by itself is killed. */
export const DOCUMENT_KILL_MS = 36_000;
/** Bytes that the parts of one archive may unpack to: a workbook of a million rows, and no bomb. */
export const UNPACKED_BYTES_MAX = 1024 * MIB;
/** Bytes that one part which must be in memory as a whole may unpack to. */
export const UNPACKED_PART_BYTES_MAX = 128 * MIB;
/** Entries of an archive that are looked at. */
export const ARCHIVE_ENTRIES_MAX = 100_000;
/** Entries of an archive that are listed. */
export const ARCHIVE_LISTED_MAX = 5_000;
/** Elements of XML in each other: documents have some tens, and every one of them is remembered. */
export const XML_DEPTH_MAX = 1_000;
/** Characters of one tag or comment in XML. */
export const XML_TAG_CHARS_MAX = 4 * MIB;
/** Characters of Markdown that one document becomes, before it is cut. */
export const MARKDOWN_CHARS_MAX = 32 * MIB;
/** Characters of one line of that Markdown: paragraphs are a line each, and hold less. */
export const MARKDOWN_LINE_CHARS_MAX = 100_000;
/** Characters of Markdown that are handed over at a time. */
export const MARKDOWN_BATCH_CHARS = 256 * KIB;
/** Pages, slides and the like whose places are remembered. */
export const DOCUMENT_PARTS_MAX = 20_000;
/** Columns of a table that are shown: the last ones of a wide sheet can be asked for as a range. */
export const TABLE_COLUMNS_MAX = 256;
/** Rows of a sheet that are looked at to see how wide its table is. */
export const TABLE_ROWS_AHEAD = 200;
/** Characters of a table cell. */
export const CELL_CHARS_MAX = 4_000;
/** Bytes of converted documents that are kept in the cache. */
export const DOCUMENT_CACHE_BYTES_MAX = 256 * MIB;
/** Days after which a converted document is dropped that nobody asked for. */
export const DOCUMENT_CACHE_DAYS_MAX = 7;
/** Page images in one reply: more do not fit anyway. */
export const PAGE_IMAGES_MAX = 8;
/** Pixels of the longer side of a page image: what Claude looks at without scaling it down. */
export const PAGE_IMAGE_PIXELS = 1_568;
/** Bytes of all page images of one reply before base64: see REPLY_BYTES_MAX. */
export const PAGE_IMAGES_BYTES_MAX = 650_000;
/** Bytes of a file for which `get_file_info` asks the reader how many pages it has. */
export const SUMMARY_BYTES_MAX = 20 * MIB;
/** Documents that one `search_text` looks into. */
export const SEARCH_DOCUMENTS_MAX = 1_000;
/** Milliseconds one `search_text` spends on documents that have to be converted first. */
export const SEARCH_DOCUMENTS_MS_MAX = 20_000;
