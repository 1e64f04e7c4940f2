/**
 * E-mail (RFC 5322 with MIME): who wrote what to whom, the text, and what is attached.
 * @module
 */
import PostalMime, { type Address, type Email } from "postal-mime";
import { sizeText } from "../../format.ts";
import { writeTable } from "../markdown.ts";
import type { Sink } from "../sink.ts";
import { Unreadable } from "../unreadable.ts";
import { writeHtml } from "./html.ts";

/** Messages in each other that are looked into. */
const NESTING_MAX = 50;
const HEADER_BYTES_MAX = 1024 * 1024;
const ADDRESSES_MAX = 100;

/** Reads a message. */
export async function readMail(bytes: Uint8Array, sink: Sink): Promise<void> {
  const email = await parse(bytes);
  sink.property("title", email.subject);
  sink.property("author", addresses(email.from === undefined ? [] : [email.from]));
  for (
    const [name, value] of [
      ["From", addresses(email.from === undefined ? [] : [email.from])],
      ["To", addresses(email.to)],
      ["Cc", addresses(email.cc)],
      ["Bcc", addresses(email.bcc)],
      ["Reply-To", addresses(email.replyTo)],
      ["Date", email.date],
      ["Subject", email.subject],
    ] as const
  ) {
    if (value !== undefined && value !== "") sink.text(`${name}: ${value.replace(/\s+/g, " ")}`);
  }
  sink.blank();
  const html = email.html;
  // Of a message in both forms, the plain one was made for reading without a browser.
  if (email.text !== undefined && email.text.trim() !== "") sink.text(email.text);
  else if (html !== undefined) writeHtml(html, sink);
  else sink.line("No text.");
  sink.blank();
  if (email.attachments.length === 0) return;
  sink.line("**Attachments:**");
  writeTable(sink, [
    ["Name", "Type", "Size"],
    ...email.attachments.map((attachment) => [
      attachment.filename ?? "(no name)",
      attachment.mimeType,
      sizeText(
        typeof attachment.content === "string" ? attachment.content.length : attachment.content.byteLength,
      ),
    ]),
  ]);
}

async function parse(bytes: Uint8Array): Promise<Email> {
  try {
    return await PostalMime.parse(bytes, { maxNestingDepth: NESTING_MAX, maxHeadersSize: HEADER_BYTES_MAX });
  } catch (error) {
    throw new Unreadable(
      `it is no e-mail that can be read (${
        error instanceof Error ? error.message.slice(0, 200) : "damaged"
      })`,
      'It can be read as plain text with as "text".',
    );
  }
}

function addresses(list: readonly Address[] | undefined): string {
  const all = (list ?? []).flatMap((entry): readonly Address[] => entry.group ?? [entry]);
  const shown = all.slice(0, ADDRESSES_MAX).map(({ name, address }) => {
    return name === undefined || name === "" ? address ?? "" : `${name} <${address ?? ""}>`;
  });
  return shown.join(", ") + (all.length > ADDRESSES_MAX ? `, and ${all.length - ADDRESSES_MAX} more` : "");
}
