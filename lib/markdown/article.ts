/**
 * What a page is about: its main part without navigation, banners and the like.
 *
 * A page that says itself where its main part is (`<main>`, `<article>`) is believed. Otherwise Readability
 * is asked, which is made for articles. When it drops too much of what is left after the obvious noise is
 * gone, and when the page is a list of entries, as forums are, everything that is left counts.
 * @module
 */
import { Readability } from "@mozilla/readability";
import { all, type Document, type Element, textOf } from "./dom.ts";

/** Parts of a page that are about the site. */
const NOISE = "nav, [role=navigation], [role=search], [role=banner], [role=contentinfo], [role=dialog], " +
  "[role=alertdialog], [role=toolbar], [role=menu], [role=menubar], [aria-modal=true], select, textarea, " +
  "input, datalist, .breadcrumb, .breadcrumbs, .pagination-nav, .skip-link, .skiplink, .noprint, .navbox, " +
  ".catlinks, #toc, .toc, .table-of-contents";
/** The same by its usual names, as words of a class or an id. */
const NOISE_NAMES = words(
  "cookies? consent gdpr newsletter subscribe sign-?up paywall promo adverts? ads? sponsor(ed)? share",
  "sharing social related recommended recommendations sidebar popup modal banner masthead",
  "site-(header|footer|nav) page-(footer|nav) footer menu navbar breadcrumbs? outbrain taboola",
);
/** Names that look like noise and hold the page. */
const PAGE_NAMES =
  /(^|[\s_-])(content|main|article|post|entry|body|wrapper|container|layout|page)([\s_-]|$)/i;

/** Characters of a part that is worth showing by itself. */
const MAIN_CHARS_MIN = 200;
/** The share of all text that a main part must hold unless it says itself that it is the main part. */
const MAIN_SHARE_MIN = 0.5;
/** Entries that make a list, and characters of each. */
const ENTRIES_MIN = 3;
const ENTRY_CHARS_MIN = 40;

/** A pattern for names that have one of these words. */
function words(...lists: readonly string[]): RegExp {
  return new RegExp(`(^|[\\s_-])(${lists.join(" ").split(" ").join("|")})([\\s_-]|$)`, "i");
}

/** The main part of a document, which is changed: noise is taken out. */
export function mainPart(document: Document): Element {
  const root = document.documentElement;
  const body = document.querySelector("body") ?? root;
  const own = ownMain(body);
  if (own !== undefined) {
    dropNoise(own);
    return own;
  }
  const read = byReadability(document);
  dropNoise(body);
  const total = textOf(body).length;
  if (read === undefined || isList(body, total)) return body;
  dropNoise(read);
  return textOf(read).length >= MAIN_SHARE_MIN * total ? read : body;
}

/** Whether most of a text stands in entries of the same make: posts, comments, results. */
function isList(body: Element, total: number): boolean {
  const sizes = new Map<Element, Map<string, number[]>>();
  for (const element of all(body, "div[class], li[class], article, section[class], tr[class], dl[class]")) {
    const parent = element.parentElement;
    if (parent === null) continue;
    const [make = ""] = (element.getAttribute("class") ?? "").trim().split(/\s+/);
    const makes = sizes.get(parent) ?? new Map<string, number[]>();
    sizes.set(parent, makes.set(make, [...(makes.get(make) ?? []).slice(-1_000), textOf(element).length]));
  }
  return [...sizes.values()].some((makes) =>
    [...makes.values()].some((list) => {
      const entries = list.filter((size) => size >= ENTRY_CHARS_MIN);
      return entries.length >= ENTRIES_MIN && entries.reduce((sum, size) => sum + size, 0) >= total / 2;
    })
  );
}

/** The part that a page marks as its main one, when it holds something. */
function ownMain(body: Element): Element | undefined {
  const total = textOf(body).length;
  for (const selector of ["main", "[role=main]", "[itemprop=articleBody]", "article"]) {
    const found = all(body, selector).filter((one) => one.parentElement?.closest(selector) === null);
    const [only] = found;
    if (found.length !== 1 || only === undefined) continue;
    const size = textOf(only).length;
    const isMain = selector.includes("main");
    if (size >= MAIN_CHARS_MIN && (isMain || size >= MAIN_SHARE_MIN * total)) return only;
  }
  return undefined;
}

function byReadability(document: Document): Element | undefined {
  const copy = document.cloneNode(true);
  // It makes h2 of every h1, because it shows the title elsewhere; attributes survive that.
  for (const heading of all(copy, "h1")) heading.setAttribute("data-level", "1");
  try {
    // It wants the Document of a browser, and uses of it what this one has.
    const parsed = new Readability<Element>(copy as unknown as ConstructorParameters<typeof Readability>[0], {
      serializer: (node) => node as unknown as Element,
      keepClasses: true,
      disableJSONLD: true,
    }).parse();
    const content = parsed?.content ?? undefined;
    for (const heading of content === undefined ? [] : all(content, "h2[data-level]")) {
      const first = copy.createElement("h1");
      first.append(...heading.childNodes);
      heading.replaceWith(first);
    }
    return content;
  } catch {
    return undefined;
  }
}

/** Takes out what is about the site, unless that would be most of it. */
function dropNoise(part: Element): void {
  const total = textOf(part).length;
  for (const element of all(part, NOISE)) element.remove();
  for (const element of all(part, "header, footer, aside, form")) if (isNoiseBlock(element)) element.remove();
  for (
    const element of all(part, "div[class], div[id], section[class], section[id], ul[class], aside[class]")
  ) {
    const names = `${element.getAttribute("class") ?? ""} ${element.getAttribute("id") ?? ""}`;
    if (!NOISE_NAMES.test(names) || PAGE_NAMES.test(names) || element === part) continue;
    if (textOf(element).length < 0.3 * total) element.remove();
  }
  dropLinkLists(part);
}

/** Takes out lists that are links and nothing else, unless the page is about links. */
function dropLinkLists(part: Element): void {
  const lists = all(part, "ul, ol").filter((list) => {
    const links = all(list, "a[href]");
    const size = textOf(list).length;
    return links.length >= 3 && links.reduce((sum, link) => sum + textOf(link).length, 0) > 0.9 * size;
  });
  const lost = lists.reduce((sum, list) => sum + textOf(list).length, 0);
  if (lost > 0.3 * textOf(part).length) return;
  for (const list of lists) {
    const above = list.previousElementSibling;
    if (above !== null && /^H[2-6]$/.test(above.tagName) && list.nextElementSibling === null) above.remove();
    list.remove();
  }
}

/** Headers of articles and forms around a page hold what it is about; those of the site do not. */
function isNoiseBlock(element: Element): boolean {
  if (element.tagName === "FORM") return element.querySelector("h1, h2, p, table, article") === null;
  if (element.tagName === "HEADER") {
    return element.closest("article, main, [role=main], section") === null &&
      element.querySelector("h1") === null;
  }
  if (element.tagName === "ASIDE") {
    // A note set beside the text is part of it; a list of links is not.
    const links = all(element, "a").reduce((sum, link) => sum + textOf(link).length, 0);
    return element.closest("article, main, [role=main]") === null || links > 0.5 * textOf(element).length;
  }
  return true;
}
