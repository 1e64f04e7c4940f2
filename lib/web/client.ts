/**
 * Fetching: one hop after the other, each judged anew, with the headers of its own origin and no other.
 * @module
 */
import { notSet } from "../config/variables.ts";
import { ToolError } from "../errors.ts";
import { count, sizeText } from "../format.ts";
import { createGate } from "../gate.ts";
import {
  DOWNLOAD_BYTES_MAX,
  FETCHES_AT_ONCE_MAX,
  ROBOTS_BYTES_MAX,
  WEB_BINARY_BYTES_MAX,
  WEB_BYTES_MAX,
  WEB_ERROR_CHARS_MAX,
  WEB_HEAD_MS_MAX,
  WEB_MS_MAX,
  WEB_REDIRECTS_MAX,
} from "../limits.ts";
import { cleanOutside } from "../outside.ts";
import { decodeText } from "./charset.ts";
import { type Dial, unreachable } from "./connect.ts";
import { type Answer, ask, CODINGS, dismiss, readBody } from "./exchange.ts";
import { judge, parseAddress, type Resolve, type Route, shown } from "./guard.ts";
import type { WebPolicy } from "./hosts.ts";
import { within } from "./patience.ts";
import { proxyFor } from "./proxy.ts";
import type { Robots, RobotsAnswer } from "./robots.ts";
import { afterSending, headersOf, leadsOn, sentElsewhere, uncertain } from "./sending.ts";
import type { ProxySettings } from "./settings.ts";
import type { Fetched, Outgoing, Watch } from "./types.ts";

/** What a client is made of. */
export interface ClientOptions {
  readonly policy: WebPolicy;
  readonly proxy: ProxySettings;
  readonly resolve: Resolve;
  readonly dial: Dial;
  readonly robots: Robots;
  /** The value of the header `User-Agent`. */
  readonly userAgent: string;
  /** Milliseconds for the head of an answer, and for everything. */
  readonly patience?: { readonly headMs: number; readonly wholeMs: number };
}

/** What is known of an earlier answer, to ask whether it has changed (RFC 9110, section 13). */
export interface Validators {
  readonly url: string;
  readonly etag?: string;
  readonly modified?: string;
}

/** What a request gave. */
export interface Received extends Fetched {
  /** The status code and its phrase: `201 Created`. */
  readonly status: string;
  /** The answer is still the one of the validators; `bytes` is empty. */
  readonly isSame: boolean;
  readonly etag?: string;
  readonly modified?: string;
  /** The header `Cache-Control`, in lower case. */
  readonly caching: string;
}

/** Fetches. */
export interface Client {
  /** @param use "read" takes the beginning of long text; "save" takes everything or nothing. */
  get(address: string, use: "read" | "save", known: Validators | undefined, watch: Watch): Promise<Received>;
  /** Sends something once. */
  send(address: string, outgoing: Outgoing, watch: Watch): Promise<Received>;
}

/** One hop: its answer and what was told for it. */
interface Hop {
  readonly answer: Answer;
  readonly secrets: readonly string[];
}

/** What is wanted in the first place, in the words of RFC 9110, section 12.5.1. */
const ACCEPT = "text/markdown, text/html;q=0.9, application/xhtml+xml;q=0.9, */*;q=0.8";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Makes a client. Nothing is opened before the first request. */
export function createClient(options: ClientOptions): Client {
  const turn = createGate(FETCHES_AT_ONCE_MAX);
  const run = async (address: string, wish: Wish, watch: Watch) => {
    const url = parseAddress(address);
    const ms = options.patience?.wholeMs ?? WEB_MS_MAX;
    const tooLate = () => {
      const error = unreachable(url, `it took longer than ${ms / 1000} seconds`);
      return wish.outgoing === undefined ? error : uncertain(error);
    };
    const progress: Watch["progress"] = (done, total, message) => watch.progress(done, total, message);
    return await turn(() =>
      within(ms, watch.signal, tooLate, async (signal) => {
        return await follow(url, wish, { signal, progress }, options);
      })
    );
  };
  return {
    get: async (address, use, known, watch) => await run(address, { use, known }, watch),
    send: async (address, outgoing, watch) => await run(address, { use: "read", outgoing }, watch),
  };
}

/** What is wanted of an address. */
interface Wish {
  readonly use: "read" | "save";
  readonly known?: Validators | undefined;
  readonly outgoing?: Outgoing;
}

/** Follows redirects to the end and reads what is there. */
async function follow(
  asked: URL,
  { use, known, outgoing }: Wish,
  watch: Watch,
  options: ClientOptions,
): Promise<Received> {
  const notes: string[] = [];
  const secrets: string[] = [];
  let url = asked;
  let sending = outgoing;
  for (let hops = 0; hops <= WEB_REDIRECTS_MAX; hops++) {
    try {
      const hop = await reach(url, known, sending, watch, options);
      secrets.push(...hop.secrets);
      const next = REDIRECTS.has(hop.answer.status) ? targetOf(hop.answer) : undefined;
      if (next === undefined) {
        if (hops > 0) notes.unshift(`Redirected from ${shown(asked.href)}`);
        return await receive(hop.answer, use, known, { notes, secrets }, watch);
      }
      dismiss(hop.answer);
      if (sending !== undefined && !leadsOn(sending, hop.answer.status)) throw sentElsewhere(url, next);
      sending = undefined;
      if (url.protocol === "https:" && next.protocol === "http:") {
        notes.push(
          `A redirect led from https to plain http: ${shown(next.href)} can be read and changed on its way`,
        );
      }
      url = next;
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      // A server may send back what it was sent, in its words and in the address it redirects to.
      const { message: what, next } = outgoing === undefined ? error : afterSending(error, sending);
      const message = hops === 0 ? what : `${what} (redirected from ${shown(asked.href)})`;
      throw new ToolError(redact(message, secrets), redact(next, secrets));
    }
  }
  throw new ToolError(
    `Cannot fetch "${shown(asked.href)}": it redirects more than ${WEB_REDIRECTS_MAX} times`,
    `The last address was ${
      redact(shown(url.href), secrets)
    }. Sites do this when they want a login or a cookie.`,
  );
}

/** One hop: judge, obey robots.txt, connect, ask. */
async function reach(
  url: URL,
  known: Validators | undefined,
  outgoing: Outgoing | undefined,
  watch: Watch,
  options: ClientOptions,
): Promise<Hop> {
  const { policy, robots } = options;
  const unset = policy.unsetHeaders?.find((header) => header.origin === url.origin);
  if (unset !== undefined) throw notSet(`Cannot fetch "${shown(url.href)}"`, unset.missing);
  const route = await routeTo(url, watch.signal, options);
  if (!policy.ignoreRobots) {
    await robots.check(url, (at) => readRobots({ ...route, url: at }, watch, options));
  }
  const conditions = known?.url === url.href
    ? {
      ...(known.etag === undefined ? {} : { "if-none-match": known.etag }),
      ...(known.modified === undefined ? {} : { "if-modified-since": known.modified }),
    }
    : {};
  return await hop(route, conditions, watch, options, outgoing);
}

async function routeTo(url: URL, signal: AbortSignal, options: ClientOptions): Promise<Route> {
  const proxy = proxyFor(url, options.proxy);
  return await judge(url, options.policy, options.resolve, proxy !== undefined, signal);
}

async function hop(
  route: Route,
  conditions: Readonly<Record<string, string>>,
  { signal }: Watch,
  options: ClientOptions,
  outgoing?: Outgoing,
): Promise<Hop> {
  const { url } = route;
  // A header belongs to one origin: after a redirect elsewhere none of them is left.
  const own = options.policy.headers.filter((header) => header.origin === url.origin);
  const line = await options.dial(route, proxyFor(url, options.proxy), signal);
  const headers = {
    host: url.host,
    "user-agent": options.userAgent,
    accept: ACCEPT,
    "accept-encoding": CODINGS,
    ...(outgoing === undefined ? {} : headersOf(outgoing)),
    ...Object.fromEntries(own.map(({ name, value }) => [name.toLowerCase(), value])),
    ...conditions,
  };
  try {
    const answer = await ask(
      url,
      line,
      headers,
      options.patience?.headMs ?? WEB_HEAD_MS_MAX,
      signal,
      outgoing,
    );
    return { answer, secrets: own.map(({ value }) => value) };
  } catch (error) {
    throw outgoing !== undefined && error instanceof ToolError ? uncertain(error) : error;
  }
}

/** The robots.txt of an origin, which may redirect (RFC 9309, section 2.3.1.2). */
async function readRobots(first: Route, watch: Watch, options: ClientOptions): Promise<RobotsAnswer> {
  const quiet: Watch = { signal: watch.signal, progress() {} };
  let route = first;
  for (let hops = 0; hops <= WEB_REDIRECTS_MAX; hops++) {
    const { answer } = await hop(route, {}, quiet, options);
    const next = REDIRECTS.has(answer.status) ? targetOf(answer) : undefined;
    if (next === undefined) {
      const { bytes } = await readBody(answer, ROBOTS_BYTES_MAX, quiet);
      return { status: answer.status, text: bytes.toString("utf8") };
    }
    dismiss(answer);
    route = await routeTo(next, watch.signal, options);
  }
  // The same section: after that, it counts as one that is not there.
  return { status: 404, text: "" };
}

/** Where a redirect leads; undefined when it does not say. */
function targetOf({ url, headers }: Answer): URL | undefined {
  const { location } = headers;
  if (typeof location !== "string") return undefined;
  // Headers are bytes; the ones of an address that is not ASCII are UTF-8.
  const text = decodeLatin1(location);
  const target = URL.parse(text, url)?.href ?? text;
  try {
    return parseAddress(target);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    // What to do with such an address is advice for whoever wrote it, and here that is a stranger.
    throw new ToolError(
      `Cannot fetch "${shown(url.href)}": it redirects to "${shown(target)}"`,
      "Only addresses of http: and https: without a password are followed. Use another source.",
    );
  }
}

function decodeLatin1(text: string): string {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return text;
  }
}

async function receive(
  answer: Answer,
  use: "read" | "save",
  known: Validators | undefined,
  { notes, secrets }: Pick<Fetched, "notes" | "secrets">,
  watch: Watch,
): Promise<Received> {
  const { url, status } = answer;
  const header = (name: string) => {
    const value = answer.headers[name];
    return typeof value === "string" ? value : undefined;
  };
  const isSame = status === 304 && known?.url === url.href;
  if (!isSame && (status < 200 || status > 299)) throw await refusal(answer, secrets, watch);
  const type = header("content-type") ?? "";
  const mediaType = (type.split(";")[0] ?? "").trim().toLowerCase();
  const limit = use === "save"
    ? DOWNLOAD_BYTES_MAX
    : isText(mediaType)
    ? WEB_BYTES_MAX
    : WEB_BINARY_BYTES_MAX;
  const stated = Number(header("content-length") ?? 0);
  if (!isSame && (use === "save" || !isText(mediaType)) && stated > limit) {
    dismiss(answer);
    throw tooLarge(url, sizeText(stated), limit, use);
  }
  const { bytes, isCut } = await readBody(answer, limit, watch);
  if (isCut && use === "save") throw tooLarge(url, `more than ${sizeText(limit)}`, limit, use);
  const [, quoted, plain] = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]+))/i.exec(type) ?? [];
  return {
    url: url.href,
    mediaType,
    charset: quoted ?? plain,
    bytes,
    isCut,
    notes,
    secrets,
    status: `${status} ${cleanOutside(answer.message.statusMessage ?? "").slice(0, 60)}`.trim(),
    isSame,
    etag: header("etag"),
    modified: header("last-modified"),
    caching: (header("cache-control") ?? "").toLowerCase(),
  };
}

/** Whether a media type promises text, of which a beginning is of use. */
export function isText(mediaType: string): boolean {
  return /^text\/|^application\/(.*\+)?(json|xml|yaml|javascript|ecmascript|x-ndjson|toml|sql)$|\+(json|xml)$/
    .test(mediaType);
}

/** A file that is too large. */
export function tooLarge(url: URL, size: string, limit: number, use: "read" | "save"): ToolError {
  return new ToolError(
    `Cannot fetch "${shown(url.href)}": it has ${size}, and at most ${sizeText(limit)} are ${
      use === "read" ? "read" : "saved"
    }`,
    use === "read" ? "download_file saves larger files." : "Ask the person to download it with a browser.",
  );
}

/** The words of a server that answers with an error: often they say what is wrong. */
async function refusal(answer: Answer, secrets: readonly string[], watch: Watch): Promise<ToolError> {
  const { url, status, message, headers } = answer;
  const phrase = redact(cleanOutside(message.statusMessage ?? ""), secrets).slice(0, 60);
  const what = `Cannot fetch "${shown(url.href)}": the server answers with ${status} ${phrase}`.trimEnd();
  let words = "";
  try {
    const { bytes } = await readBody(answer, 64 * 1024, watch);
    const type = String(headers["content-type"] ?? "").toLowerCase();
    if (/json|text\/plain/.test(type)) words = decodeText(bytes, "", undefined).text;
  } catch {
    // The status says enough.
  }
  const said = redact(cleanOutside(words), secrets).replace(/\s+/g, " ").trim().slice(0, WEB_ERROR_CHARS_MAX);
  const advice = adviceFor(status, headers["retry-after"]);
  return new ToolError(
    what,
    said === "" ? advice : `${advice} The server's own words: ${JSON.stringify(said)}`,
  );
}

function adviceFor(status: number, retryAfter: string | string[] | undefined): string {
  const seconds = typeof retryAfter === "string" && /^\d{1,6}$/.test(retryAfter)
    ? Number(retryAfter)
    : undefined;
  const wait = seconds === undefined ? "later" : `in ${count(seconds)} seconds`;
  switch (status) {
    case 401:
    case 403:
      return "It wants a login or does not serve programs. The person can configure a header for this host " +
        "with --web-header.";
    case 404:
    case 410:
      return "Check the address, or start from the site's front page.";
    case 407:
      return "The proxy wants a login; the person sets it in HTTP_PROXY and HTTPS_PROXY.";
    case 429:
      return `It is asked too often. Try again ${wait}.`;
    default:
      return status >= 500 ? `The server is in trouble. Try again ${wait}.` : "Check the address.";
  }
}

/** A text without the secrets of the configuration, which some servers send back. */
export function redact(text: string, secrets: readonly string[]): string {
  const parts = secrets.flatMap((secret) => [secret, ...secret.split(" ")]).filter((part) =>
    part.length >= 8
  );
  return parts.reduce((result, part) => result.replaceAll(part, "[secret]"), text);
}
