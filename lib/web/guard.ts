/**
 * The guard of the web: decides whether an address may be fetched, and from which addresses of the network.
 *
 * A name is resolved once. Every address it has is judged, and those that were judged are what is connected
 * to; nothing resolves the name again. Each hop of a redirect comes through here anew.
 * @module
 */
import { throwIfAborted, ToolError } from "../errors.ts";
import { URL_CHARS_MAX } from "../limits.ts";
import { cleanOutside } from "../outside.ts";
import { isAddress, reachOf } from "./address.ts";
import { opensPort, verdictOn, verdictOnAddress, type WebPolicy } from "./hosts.ts";

/** Finds the addresses of a name; rejects with a system error such as `ENOTFOUND`. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** Where to connect to for a URL. */
export interface Route {
  readonly url: URL;
  /** The host without brackets and without a dot at the end: for TLS, and to name it. */
  readonly host: string;
  readonly port: number;
  /** The judged addresses. Empty when the person vouches for a host that only a proxy can resolve. */
  readonly addresses: readonly string[];
  /** Whether the person named this host: then a proxy may be given its name. */
  readonly isVouched: boolean;
}

/** The ports that pages are served at. */
const PORTS: readonly number[] = [80, 443, 8080, 8443];

/** Ports of other protocols, which a request could confuse: the list of the Fetch Standard ("bad port"). */
const BAD_PORTS: ReadonlySet<number> = new Set([
  ...[0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103],
  ...[104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513],
  ...[514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720],
  ...[1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080],
]);

/** Errors of a resolver that mean: there is no such name. */
const NO_SUCH_NAME: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA", "EAI_NONAME", "EAI_NODATA"]);

/**
 * Reads an address as a person or a model writes it.
 * @throws {ToolError} for what is no address of the web.
 */
export function parseAddress(text: string): URL {
  const fail = (why: string, next: string): never => {
    throw new ToolError(`Cannot fetch "${shown(text)}": ${why}`, next);
  };
  if (text.length > URL_CHARS_MAX) {
    fail(`the address has ${text.length} characters`, `At most ${URL_CHARS_MAX} are fetched.`);
  }
  const url = URL.parse(text.trim());
  if (url === null) {
    const guess = URL.parse(`https://${text.trim()}`);
    const next = guess === null || !guess.hostname.includes(".")
      ? "Give a whole address, such as https://example.com/page."
      : `Give the whole address: ${guess.href}`;
    return fail("it is no web address", next);
  }
  if (url.protocol === "file:") fail("it is a file", "Use read_file with its path.");
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    fail(`"${url.protocol.slice(0, 40)}" is not fetched`, "Only http: and https: are.");
  }
  if (url.username !== "" || url.password !== "") {
    fail(
      "a user name or password in an address is never sent",
      "Leave out what stands before the @. The person can configure a header for the host with --web-header.",
    );
  }
  if (url.hostname === "") {
    fail("it names no host", "Give a whole address, such as https://example.com/page.");
  }
  return url;
}

/** An address as it is named in a message: without what could hold a secret or mislead, and not too long. */
export function shown(text: string): string {
  const clean = cleanOutside(text).replace(/\s+/g, " ").replace(/^([a-z]+:[/\\]*)[^/\\?#\s]*@/i, "$1…@");
  return clean.length > 300 ? `${clean.slice(0, 300)}…` : clean;
}

/**
 * Judges a URL.
 * @param proxied Whether a proxy stands between, which can resolve what this machine cannot.
 * @throws {ToolError} that does not tell what is inside: a name without addresses, one that leads inside, an
 * open port and a closed one are all answered with the same words.
 */
export async function judge(
  url: URL,
  policy: WebPolicy,
  resolve: Resolve,
  proxied: boolean,
  signal: AbortSignal,
): Promise<Route> {
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  // Systems look up "example.com.." as if it were "example.com", which the person may have closed.
  if (!isAddress(host) && host.split(".").includes("")) throw notPublic(url, host);
  const verdict = verdictOn(host, String(port), policy);
  if (verdict === "denied") throw closedHost(url, host);
  const isVouched = verdict === "allowed";
  const isUsualPort = PORTS.includes(port) || opensPort(host, String(port), policy.allowHost);
  const mayBeInside = policy.allowPrivate && !BAD_PORTS.has(port);
  if (!isUsualPort && !mayBeInside) throw closedPort(url, host, port);
  const addresses = isAddress(host) ? [host] : await lookUp(url, host, resolve, isVouched && proxied, signal);
  const onAddress = (address: string) => verdictOnAddress(address, host, String(port), policy);
  if (addresses.some((address) => onAddress(address) === "denied")) throw closedHost(url, host);
  const isOpen = (address: string) =>
    isVouched || onAddress(address) === "allowed" || reachOf(address) === "public" ||
    (policy.allowPrivate && reachOf(address) === "private");
  const isReachable = addresses.length > 0 || (isVouched && proxied);
  if (!isReachable || !addresses.every(isOpen)) throw notPublic(url, host);
  // Other ports are only for machines of one's own: the internet shall not be scanned from here.
  const isInside = addresses.length > 0 && addresses.every((address) => reachOf(address) === "private");
  if (!isUsualPort && !isInside) throw closedPort(url, host, port);
  return { url, host, port, addresses, isVouched };
}

/** The addresses of a name; none when there is no such name. */
async function lookUp(
  url: URL,
  host: string,
  resolve: Resolve,
  mayFail: boolean,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return await resolve(host);
  } catch (error) {
    throwIfAborted(signal);
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (mayFail || NO_SUCH_NAME.has(code)) return [];
    if (error instanceof ToolError || (error instanceof Error && error.name === "NotCapable")) throw error;
    throw new ToolError(
      `Cannot fetch "${shown(url.href)}": the name "${host}" cannot be looked up now (${
        code || "no answer"
      })`,
      "Is this computer online? Try again in a moment.",
    );
  }
}

/** One text for what leads inside and for what leads nowhere, so that nobody learns which names exist. */
function notPublic(url: URL, host: string): ToolError {
  return new ToolError(
    `Cannot fetch "${shown(url.href)}": "${host}" ${
      isAddress(host) ? "is" : "has"
    } no address on the public internet`,
    "Check the address. This computer and networks of one's own are closed; the person can open this host " +
      `with --allow-host ${host}, or what is private with --allow-private.`,
  );
}

function closedHost(url: URL, host: string): ToolError {
  return new ToolError(
    `Cannot fetch "${shown(url.href)}": the person has closed "${host}" (--deny-host)`,
    "Use another source, or ask the person.",
  );
}

function closedPort(url: URL, host: string, port: number): ToolError {
  const name = host.includes(":") ? `[${host}]` : host;
  return new ToolError(
    `Cannot fetch "${shown(url.href)}": port ${port} is closed`,
    `Pages are fetched from the ports ${PORTS.join(", ")}. The person can open this one with ` +
      `--allow-host ${name}:${port}.`,
  );
}
