/**
 * How the options about the web are written: hosts with ports, and headers for one origin.
 * @module
 */
import { UsageError } from "../errors.ts";
import type { HostPattern, OriginHeader, UnsetHeader } from "../web/hosts.ts";
import type { Source } from "./host.ts";
import { fillVariables } from "./variables.ts";

/** Headers that belong to the connection or to what we promise, and not to the person. */
const OWN_HEADERS: ReadonlySet<string> = new Set(
  ("host connection content-length transfer-encoding te trailer upgrade expect keep-alive " +
    "accept-encoding range").split(" "),
);

/**
 * Reads `HOST`, `HOST:PORT`, `HOST:*`, `*.HOST`, `*`, an address or a network (`10.0.0.0/8`).
 * @throws {UsageError}
 */
export function readHost(text: string, { label }: Source): HostPattern {
  const fail = (): never => {
    throw new UsageError(
      `${label}: "${text}" is no host\nWrite example.com, *.example.com, example.com:8000, 10.0.0.0/8 or *`,
    );
  };
  const [, name = "", port = ""] =
    /^(\[[^\]]+\]|[^:]*|[^:]*:[^:]*:.*?)(?::(\d{1,5}|\*))?$/.exec(text.trim()) ?? fail();
  if (port !== "*" && Number(port) > 65_535) fail();
  if (name === "*") return { host: "*", port };
  const [base = "", bits] = name.replace(/^\*\./, "").split("/");
  const bare = base.replace(/^\[|\]$/g, "");
  const url = URL.parse(`http://${bare.includes(":") ? `[${bare}]` : bare}`);
  if (url === null || /^$|\*/.test(url.hostname) || url.pathname !== "/" || url.username !== "") {
    return fail();
  }
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) fail();
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  return { host: `${name.startsWith("*.") ? "*." : ""}${host}${bits === undefined ? "" : `/${bits}`}`, port };
}

/**
 * Reads `HOST Name: value` (for https://HOST) or `ORIGIN Name: value`. `${NAME}` in the value is the
 * environment variable of this name, so that no secret has to stand in a file.
 * @throws {UsageError}
 */
export function readHeader(text: string, { label, host }: Source): OriginHeader | UnsetHeader {
  const [, place = "", name = "", template = ""] =
    /^\s*(\S+)\s+([\w!#$%&'*+.^`|~-]+):\s*(.*?)\s*$/.exec(text) ?? [];
  const url = URL.parse(place.includes("://") ? place : `https://${place}`);
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || name === "") {
    throw new UsageError(
      `${label}: this is no header for a host\nWrite "api.example.com Authorization: Bearer \${API_TOKEN}"`,
    );
  }
  if (OWN_HEADERS.has(name.toLowerCase()) || /^(proxy|if)-/i.test(name)) {
    throw new UsageError(`${label}: the header "${name}" cannot be set\nIt belongs to the connection`);
  }
  const { text: value, missing } = fillVariables(template, host.env);
  if (!/^[\t\x20-\x7e\x80-\xff]+$/.test(value)) {
    throw new UsageError(`${label}: the value of "${name}" is empty or has characters a header cannot hold`);
  }
  return missing === undefined ? { origin: url.origin, name, value } : { origin: url.origin, name, missing };
}
