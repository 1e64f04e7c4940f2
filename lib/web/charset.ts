/**
 * The characters of what a server sent: HTML Standard, "determining the character encoding", and for XML its
 * declaration. Labels and decoders are those of the Encoding Standard (`TextDecoder`).
 * @module
 */
import type { Buffer } from "node:buffer";

/** Bytes in which a page must name its encoding; the HTML Standard says 1,024, browsers look further. */
const PRESCAN_BYTES = 4_096;

/**
 * Decodes text. In this order decide: a byte order mark; the header of the answer; for HTML a `meta` element,
 * for XML its declaration; valid UTF-8; and else windows-1252, which every byte is valid in.
 * @param mediaType Without parameters: says whether to look for a `meta` element or a declaration.
 * @param label What the header names.
 * @returns the text without a byte order mark, and the name of the encoding
 */
export function decodeText(
  bytes: Buffer,
  mediaType: string,
  label: string | undefined,
): { text: string; encoding: string } {
  const decoder = marked(bytes) ?? known(label) ?? declared(bytes, mediaType) ?? guessed(bytes);
  return { text: decoder.decode(bytes), encoding: decoder.encoding };
}

function marked(bytes: Buffer): TextDecoder | undefined {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return known("utf-8");
  if (a === 0xfe && b === 0xff) return known("utf-16be");
  return a === 0xff && b === 0xfe ? known("utf-16le") : undefined;
}

/** The decoder for a label, or undefined for one that the standard does not know. */
function known(label: string | undefined): TextDecoder | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label.trim().replace(/^["']|["']$/g, ""));
  } catch {
    return undefined;
  }
}

function declared(bytes: Buffer, mediaType: string): TextDecoder | undefined {
  const isXml = /\bxml$/.test(mediaType);
  const isHtml = /^text\/html$|^application\/xhtml\+xml$|^$/.test(mediaType);
  if (!isXml && !isHtml) return undefined;
  const head = bytes.toString("latin1", 0, PRESCAN_BYTES);
  const [, inXml] = /^\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([\w.:-]+)["']/.exec(head) ?? [];
  const [, inMeta] = isHtml
    ? /<meta\s[^>]*?\bcharset\s*=\s*["']?\s*([\w.:-]+)/i.exec(head.replace(/<!--[^]*?(-->|$)/g, "")) ?? []
    : [];
  const decoder = known(inXml ?? inMeta);
  // Whoever can read this declaration does not read UTF-16: the standard takes it for UTF-8.
  return decoder?.encoding.startsWith("utf-16") ? known("utf-8") : decoder;
}

function guessed(bytes: Buffer): TextDecoder {
  try {
    // The last character may be cut.
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return new TextDecoder("utf-8");
  } catch {
    return new TextDecoder("windows-1252");
  }
}
