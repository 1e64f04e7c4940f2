/**
 * Resources of all modules in the words of the protocol (MCP specification, "Resources"), under one cursor.
 * @module
 */
import { Buffer } from "node:buffer";
import { ToolError, UnknownNameError } from "../errors.ts";
import { REPLY_BYTES_MAX } from "../limits.ts";
import { nearest } from "../nearest.ts";
import type { Context, Resource, ResourceContents, ResourceProvider, ResourceTemplate } from "../tool.ts";

/** A template in `resources/templates/list` (`ResourceTemplate`). */
export interface WireTemplate {
  uriTemplate: string;
  name: string;
  title: string;
  description: string;
  mimeType?: string;
}

/** Contents in the answer to `resources/read` (`TextResourceContents` or `BlobResourceContents`). */
export type WireContents =
  | { uri: string; mimeType: string; text: string }
  | { uri: string; mimeType: string; blob: string };

/** The wire form of a template, built field by field so that nothing else leaks. */
export function wireTemplate(
  { uriTemplate, name, title, description, mimeType }: ResourceTemplate,
): WireTemplate {
  return { uriTemplate, name, title, description, ...(mimeType === undefined ? {} : { mimeType }) };
}

/**
 * One page of resources. The cursor names the provider and, after a colon, that provider's own cursor.
 * @throws {ToolError} when the cursor is none of ours.
 */
export async function listResources(
  providers: readonly ResourceProvider[],
  cursor: string | undefined,
  ctx: Context,
): Promise<{ resources: Resource[]; nextCursor?: string }> {
  let [index, own] = readCursor(cursor, providers.length);
  while (index < providers.length) {
    const page = await providers[index]?.list(own, ctx);
    const resources = page?.resources.map(wireResource) ?? [];
    if (page?.next !== undefined) return { resources, nextCursor: `${index}:${page.next}` };
    index++;
    own = undefined;
    if (resources.length > 0) {
      return index < providers.length ? { resources, nextCursor: `${index}:` } : { resources };
    }
  }
  return { resources: [] };
}

/**
 * The contents of a resource; undefined when no module has it.
 * @throws {ToolError} when it cannot be read, or is larger than a reply may be.
 */
export async function readResource(
  providers: readonly ResourceProvider[],
  uri: string,
  ctx: Context,
): Promise<WireContents[] | undefined> {
  for (const provider of providers) {
    const contents = await provider.read(uri, ctx);
    if (contents === undefined) continue;
    const wire = contents.map(wireContents);
    const bytes = wire.reduce(
      (sum, one) => sum + ("text" in one ? Buffer.byteLength(one.text) : one.blob.length),
      0,
    );
    if (bytes > REPLY_BYTES_MAX) {
      const sizes = `${bytes.toLocaleString("en-US")} bytes, the limit is ${
        REPLY_BYTES_MAX.toLocaleString("en-US")
      }`;
      throw new ToolError(
        `Cannot read "${uri}": it is too large (${sizes})`,
        "Read it in parts with a tool.",
      );
    }
    return wire;
  }
  return undefined;
}

/**
 * Completes a variable of a template.
 * @throws {UnknownNameError} when there is no such template or variable.
 */
export function completeTemplate(
  providers: readonly ResourceProvider[],
  uriTemplate: string,
  variable: string,
  value: string,
  ctx: Context,
): Promise<readonly string[]> {
  const templates = providers.flatMap((provider) => provider.templates);
  const template = templates.find((candidate) => candidate.uriTemplate === uriTemplate);
  if (template === undefined) {
    const names = templates.map((candidate) => candidate.uriTemplate);
    const near = nearest(uriTemplate, names);
    const candidates = (near.length > 0 ? near : names).join(", ");
    throw new UnknownNameError(
      `Unknown resource template "${uriTemplate.slice(0, 200)}"; there are: ${candidates}`,
    );
  }
  const variables = variablesOf(uriTemplate);
  if (!variables.includes(variable)) {
    const names = variables.join(", ");
    throw new UnknownNameError(
      `Unknown variable "${variable.slice(0, 100)}" of ${uriTemplate}; it has: ${names}`,
    );
  }
  return template.complete(variable, value, ctx);
}

/** The names of the variables of a URI template (RFC 6570, section 2.3), without operators and modifiers. */
function variablesOf(uriTemplate: string): string[] {
  const expressions = uriTemplate.matchAll(/\{[+#./;?&]?([^{}]*)\}/g);
  return [...expressions].flatMap(([, list = ""]) =>
    list.split(",").map((one) => one.replace(/(?:\*|:\d+)$/, ""))
  );
}

function readCursor(cursor: string | undefined, count: number): [number, string | undefined] {
  if (cursor === undefined) return [0, undefined];
  const [, digits, own] = /^(\d{1,4}):(.*)$/s.exec(cursor) ?? [];
  if (digits === undefined || Number(digits) >= count) {
    const advice = "Pass the nextCursor of the page before, or no cursor for the first page.";
    throw new ToolError(`Invalid cursor "${cursor.slice(0, 100)}"`, advice);
  }
  return [Number(digits), own === "" ? undefined : own];
}

function wireResource({ uri, name, title, description, mimeType, size }: Resource): Resource {
  return {
    uri,
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(size === undefined ? {} : { size }),
  };
}

function wireContents({ uri, mimeType, text, bytes }: ResourceContents): WireContents {
  if (bytes === undefined) return { uri, mimeType, text: text ?? "" };
  return { uri, mimeType, blob: Buffer.from(bytes).toString("base64") };
}
