/**
 * The limits of the web; part of lib/limits.ts, through which they are imported.
 * @module
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Characters of an address that is fetched: what servers accept at most. */
export const URL_CHARS_MAX = 8_000;
/** Redirects that are followed: what the product promises, and no browser's login dance. */
export const WEB_REDIRECTS_MAX = 5;
/** Addresses of one name that are tried, one after the other. */
export const WEB_ADDRESSES_MAX = 4;
/** Milliseconds until a name must be resolved and a connection made, certificates included. */
export const WEB_CONNECT_MS_MAX = 10_000;
/** Milliseconds for one of several addresses, so that a dead one does not use up the time of the next. */
export const WEB_ADDRESS_MS_MAX = 3_000;
/** Milliseconds until the head of an answer must be complete after the request was sent. */
export const WEB_HEAD_MS_MAX = 15_000;
/**
 * Milliseconds for everything a page takes to arrive, redirects and robots.txt included: below CALL_MS_MAX.
 */
export const WEB_MS_MAX = 30_000;
/** Bytes of the head of an answer: what Node.js and browsers take. */
export const WEB_HEAD_BYTES_MAX = 16 * KIB;
/** Bytes of a page, after decompression. Of longer text the beginning is shown, and said so. */
export const WEB_BYTES_MAX = 10 * MIB;
/** Bytes of a document or an image, after decompression: a part of one is of no use, so more is refused. */
export const WEB_BINARY_BYTES_MAX = 32 * MIB;
/** Bytes of a file that is saved: it is held in memory while it is written. */
export const DOWNLOAD_BYTES_MAX = 100 * MIB;
/** Bytes of a robots.txt that are obeyed: RFC 9309, section 2.5, demands at least this. */
export const ROBOTS_BYTES_MAX = 500 * KIB;
/** Milliseconds a robots.txt is believed: RFC 9309, section 2.4, allows a day. */
export const ROBOTS_MS_MAX = 3_600_000;
/** Comparisons of characters that one robots.txt may cost: some tenths of a second. */
export const ROBOTS_STEPS_MAX = 100_000_000;
/** Pages that are fetched at the same time: politeness, and a bound of memory. More wait their turn. */
export const FETCHES_AT_ONCE_MAX = 6;
/**
 * Characters of a page that one reply shows unless asked for fewer; the rest of the reply is for the frame.
 */
export const WEB_PAGE_CHARS = 20_000;
/** Characters of the answer that an error shows: enough for the message of an interface. */
export const WEB_ERROR_CHARS_MAX = 500;
/** Milliseconds a page is kept for its later parts, and to ask whether it has changed. */
export const WEB_KEEP_MS_MAX = 86_400_000;
/** Milliseconds in which a later part of a page comes from what was fetched for the first. */
export const WEB_SAME_MS_MAX = 1_800_000;
/** Bytes of pages kept on disk, and files. */
export const WEB_CACHE_BYTES_MAX = 128 * MIB;
export const WEB_CACHE_FILES_MAX = 1_000;
/** Bytes of pages kept in memory, because they are private or must not be stored. */
export const WEB_MEMORY_BYTES_MAX = 32 * MIB;
/** Characters of HTML whose main part is looked for, and that is made into Markdown at all. */
export const HTML_CHARS_MAX = 4 * MIB;
/** Elements within each other that are made into Markdown: no honest page has a hundred. */
export const HTML_DEPTH_MAX = 200;
/** Elements of a page that is made into Markdown; of one with more only the text is shown. */
export const HTML_ELEMENTS_MAX = 200_000;
/** Bytes of memory of the process that makes Markdown of pages: the largest honest ones need a third. */
export const HTML_WORKER_BYTES_MAX = 1_024 * MIB;
/**
 * Milliseconds HTML may take to become Markdown before only its text is shown, which gets as many: with
 * WEB_MS_MAX below CALL_MS_MAX.
 */
export const HTML_MS_MAX = 7_000;
