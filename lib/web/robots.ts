/**
 * robots.txt by the book: RFC 9309, the Robots Exclusion Protocol.
 * @module
 */
import robotsParser from "robots-parser";
import { ToolError } from "../errors.ts";
import { ROBOTS_MS_MAX, ROBOTS_STEPS_MAX } from "../limits.ts";
import { shown } from "./guard.ts";

/** The name by which a robots.txt addresses us (RFC 9309, section 2.2.1). */
export const PRODUCT_TOKEN = "Clawhammer";

/** What asking for a robots.txt gave: its text, or the status of the refusal. */
export interface RobotsAnswer {
  readonly status: number;
  readonly text: string;
}

/** Obeys the robots.txt of every host. */
export interface Robots {
  /**
   * Passes when a URL may be fetched.
   * @param get Fetches the robots.txt; its ToolError means that it cannot be reached.
   * @throws {ToolError} when its robots.txt forbids it, or is there and cannot be read.
   */
  check(url: URL, get: (robots: URL) => Promise<RobotsAnswer>): Promise<void>;
}

/** The rules of an origin: a text, or why nothing may be fetched. */
type Rules = { readonly text: string } | { readonly closed: string };

/** What of the library is used. */
interface Parsed {
  isAllowed(url: string, userAgent: string): boolean | undefined;
}

/** Origins whose rules are kept. */
const ORIGINS_MAX = 500;

/** Makes it. Rules are kept in memory for an hour; what was unreachable is asked again each time. */
export function createRobots(now: () => number = Date.now): Robots {
  const kept = new Map<string, { readonly rules: Rules; readonly at: number }>();
  return {
    async check(url, get) {
      const robots = new URL("/robots.txt", url);
      let entry = kept.get(url.origin);
      if (entry === undefined || now() - entry.at > ROBOTS_MS_MAX) {
        entry = { rules: await read(robots, get), at: now() };
        if ("text" in entry.rules) kept.set(url.origin, entry);
        const [oldest] = kept.keys();
        if (kept.size > ORIGINS_MAX && oldest !== undefined) kept.delete(oldest);
      }
      const { rules } = entry;
      if ("closed" in rules) throw refusal(url, rules.closed);
      if (!allows(rules.text, robots, url)) {
        throw refusal(url, `${robots.href} does not allow programs to fetch it`);
      }
    },
  };
}

async function read(robots: URL, get: (robots: URL) => Promise<RobotsAnswer>): Promise<Rules> {
  try {
    const { status, text } = await get(robots);
    if (status >= 200 && status < 300) return { text };
    // Section 2.3.1.3: what is not there forbids nothing. Section 2.3.1.4: a server in trouble forbids all.
    if (status >= 400 && status < 500) return { text: "" };
    return { closed: `${robots.href}, which says what may be fetched, answers with the error ${status}` };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const why = error.message.replace(/^Cannot fetch "[^"]*": /, "");
    return { closed: `${robots.href}, which says what may be fetched, cannot be read: ${why}` };
  }
}

function refusal(url: URL, why: string): ToolError {
  return new ToolError(
    `Cannot fetch "${shown(url.href)}": ${why}`,
    "Use another source, or ask the person to open the page. They can switch these rules off with " +
      "--ignore-robots.",
  );
}

/** Whether the rules for us, or else those for all, let a URL be fetched. */
function allows(text: string, robots: URL, url: URL): boolean {
  // Other records, such as Sitemap, must not end a group (section 2.2.4); the library takes them for an end.
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/).filter((line) =>
    /^\s*(user-agent|allow|disallow)\s*:/i.test(line)
  ).map((line) => line.replace(/\*{2,}/g, "*"));
  const wild = lines.reduce((sum, line) => sum + (line.includes("*") ? line.length : 0), 0);
  const length = url.pathname.length + url.search.length;
  // A pattern with stars costs its length times that of the path: hostile rules could cost minutes.
  if (wild * length > ROBOTS_STEPS_MAX) return false;
  // The package describes itself as if it were an ES module, which it is not.
  const parse = robotsParser as unknown as (url: string, text: string) => Parsed;
  return parse(robots.href, lines.join("\n")).isAllowed(url.href, PRODUCT_TOKEN) !== false;
}
