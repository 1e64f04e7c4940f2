/**
 * Requests that carry something, as far as they differ from fetching: sent once, to one address, and nobody
 * is left in the dark about what became of them.
 * @module
 */
import { Buffer } from "node:buffer";
import { ToolError } from "../errors.ts";
import { shown } from "./guard.ts";
import type { Outgoing } from "./types.ts";

/** Something was sent, and it was not heard what became of it. */
export function uncertain({ message, next }: ToolError): ToolError {
  return new ToolError(
    message,
    `It may have been carried out nevertheless: look before you send it again. ${next}`,
  );
}

/** What went wrong, in the words of sending. @param left What is still to be sent. */
export function afterSending({ message, next }: ToolError, left: Outgoing | undefined): ToolError {
  if (left !== undefined) return new ToolError(message.replace(/^Cannot fetch/, "Cannot send to"), next);
  return new ToolError(message, `It was sent, and only the page about it cannot be read. ${next}`);
}

/** Whether a redirect leads to a page about what was done (RFC 9110, section 15.4), as after a form. */
export function leadsOn({ method }: Outgoing, status: number): boolean {
  return status === 303 || (method === "POST" && (status === 301 || status === 302));
}

/** What is sent goes where the person said, and nowhere else. */
export function sentElsewhere(url: URL, next: URL): ToolError {
  return new ToolError(
    `Cannot send to "${shown(url.href)}": the server wants it sent to "${shown(next.href)}" instead`,
    "It was not sent there. The person decides: whoever declared this tool can write that address into it.",
  );
}

/** The headers of its own. `Accept` names what programs answer with. */
export function headersOf({ body }: Outgoing): Record<string, string> {
  return {
    accept: "application/json, text/plain;q=0.9, */*;q=0.8",
    "content-length": String(Buffer.byteLength(body?.text ?? "")),
    ...(body === undefined ? {} : { "content-type": body.mediaType }),
  };
}
