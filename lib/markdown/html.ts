/**
 * HTML to Markdown. A pure function, but not a harmless one: hostile HTML can cost it any time and memory, so
 * it is called in a worker process.
 * @module
 */
import { HTML_CHARS_MAX, HTML_DEPTH_MAX, HTML_ELEMENTS_MAX } from "../limits.ts";
import { mainPart } from "./article.ts";
import { all, type Document, parseDocument, textOf } from "./dom.ts";
import { prepare } from "./prepare.ts";
import { createConverter, MARKS } from "./rules.ts";
import { outlineOf, plainText } from "./scan.ts";

/** A page as Markdown. */
export interface HtmlPage {
  readonly markdown: string;
  /** The title the page gives itself; "" when it gives none. */
  readonly title: string;
  /** What could not be shown. Whole sentences of ours. */
  readonly notes: readonly string[];
  /** Whether it is an empty frame that scripts fill in a browser. */
  readonly isShell?: boolean;
}

/** How HTML is read. */
export interface HtmlOptions {
  /** Where it comes from: relative links become absolute. */
  readonly base?: string;
  /** Everything that is visible, instead of the main part. */
  readonly whole?: boolean;
}

/** Characters of text below which a page that loads scripts is taken for an empty frame. */
const SHELL_CHARS_MAX = 250;

/** Makes Markdown of HTML. What is too large or too deep for it becomes plain text, and a note says so. */
export function htmlToMarkdown(html: string, options: HtmlOptions = {}): HtmlPage {
  const source = html.replace(MARKS, "");
  const { depth, elements } = outlineOf(source);
  if (source.length > HTML_CHARS_MAX || depth > HTML_DEPTH_MAX || elements > HTML_ELEMENTS_MAX) {
    return asText(source, "too large or too deeply nested to be made into Markdown");
  }
  const document = parseDocument(source);
  const title = titleOf(document);
  const notes = [...movedNote(document, options.base)];
  const shell = shellOf(document);
  prepare(document, options.base);
  const part = options.whole === true
    ? document.querySelector("body") ?? document.documentElement
    : mainPart(document);
  const body = createConverter()(part);
  const isHeaded = options.whole === true || /^# /m.test(body) || title === "";
  const markdown = [isHeaded ? "" : `# ${title}`, options.whole === true ? "" : shell.byline, body]
    .filter((block) => block !== "").join("\n\n");
  const isShell = shell.needsScripts && textOf(part).length <= SHELL_CHARS_MAX;
  if (options.whole === true || !isShell) return { markdown, title, notes, isShell };
  const rest = [markdown, ...shell.hints].filter((block) => block !== "").join("\n\n");
  return {
    markdown: rest,
    title,
    isShell,
    notes: [
      ...notes,
      "This page is put together by scripts in a browser: what the server sends holds hardly any text. " +
      "Scripts are not run here. Look for an interface (API), a feed or another source with the same " +
      "content, or see the source with raw.",
    ],
  };
}

/** The text alone, for what is no page any more but an attack or an accident. */
export function asText(html: string, why: string): HtmlPage {
  return { markdown: plainText(html), title: "", notes: [`The page is ${why}, so this is its plain text.`] };
}

function meta(document: Document, ...names: string[]): string {
  for (const name of names) {
    const element = document.querySelector(`meta[property="${name}"]`) ??
      document.querySelector(`meta[name="${name}"]`);
    const content = (element?.getAttribute("content") ?? "").replace(/\s+/g, " ").trim();
    if (content !== "") return content.slice(0, 1_000);
  }
  return "";
}

function titleOf(document: Document): string {
  const title = meta(document, "og:title") || textOf(document.querySelector("title"));
  const [heading = "", ...others] = all(document, "h1").map((one) => textOf(one).replace(/\s*[¶#]$/, ""))
    .filter((text) => text !== "");
  // Most titles are the only heading and the name of the site.
  const isRest = others.length === 0 && heading !== "" && title.startsWith(heading);
  return (isRest || title === "" ? heading : title).slice(0, 300);
}

/** A page that only sends its readers on (`<meta http-equiv="refresh">`). */
function movedNote(document: Document, base: string | undefined): string[] {
  const refresh =
    all(document, "meta[http-equiv]").find((one) =>
      one.getAttribute("http-equiv")?.toLowerCase() === "refresh"
    )?.getAttribute("content") ?? "";
  const [, target] = /^\s*[\d.]+\s*[;,]\s*url\s*=\s*["']?([^"'\s>]+)/i.exec(refresh) ?? [];
  const url = target === undefined ? null : URL.parse(target, base);
  return url === null ? [] : [`The page sends browsers on to ${url.href}`];
}

/** What a page says of itself apart from its text, and whether it is only a frame for scripts. */
function shellOf(document: Document): { needsScripts: boolean; byline: string; hints: string[] } {
  const scripts = all(document, "script[src], script[type=module]").length;
  const roots = "#root, #app, #__next, #__nuxt, #___gatsby, #svelte, app-root, [ng-app], [data-reactroot]";
  const noscript = all(document, "noscript").map(textOf).filter((text) => /javascript/i.test(text));
  const author = meta(document, "author", "article:author");
  const date = meta(document, "article:published_time", "date", "dc.date").slice(0, 10);
  const byline = [author.startsWith("http") ? "" : author, date].filter((text) => text !== "").join(", ");
  const description = meta(document, "description", "og:description");
  return {
    needsScripts: scripts > 0 && (document.querySelector(roots) !== null || noscript.length > 0),
    byline,
    hints: [description === "" ? "" : `Its own description: ${description}`, ...articleBodies(document)],
  };
}

/** The text that some such pages carry for search engines (schema.org, JSON-LD). */
function articleBodies(document: Document): string[] {
  return all(document, 'script[type="application/ld+json"]').flatMap((script) => {
    try {
      const data: unknown = JSON.parse(script.textContent);
      const list: unknown[] = Array.isArray(data) ? data : [data];
      return list.flatMap((one) => {
        const body = typeof one === "object" && one !== null && "articleBody" in one ? one.articleBody : "";
        return typeof body === "string" && body !== "" ? [body] : [];
      });
    } catch {
      return [];
    }
  });
}
