/**
 * Makes the tree of a page fit for Markdown: nothing hidden, addresses absolute, code as it is, formulas as
 * TeX.
 * @module
 */
import { all, type Document, type Element, textOf, unwrap } from "./dom.ts";
import { isHidden } from "./hidden.ts";

/** What is never shown. */
const UNSHOWN = "script, style, template, title, link, meta, object, embed, canvas, dialog:not([open]), " +
  "[hidden]:not([hidden=until-found]), [aria-hidden=true], input[type=hidden]";
/** Marks beside headings and code that are only of use in a browser. */
const GADGETS = "a.headerlink, a.anchor, a.hash-link, a.heading-link, a.anchorjs-link, .mw-editsection, " +
  ".header-anchor, button, clipboard-copy, .copy-button, .copybtn, .sr-only, .visually-hidden, " +
  ".screen-reader-text, .screen-reader-only";
/** Numbers of lines beside code. */
const GUTTERS =
  ".gutter, .linenos, .lineno, .linenodiv, .line-numbers-rows, .line-number, .hljs-ln-numbers, " +
  ".rouge-gutter, td.blob-num";

/** Makes the whole document fit; `base` is where it was fetched from. */
export function prepare(document: Document, base: string | undefined): void {
  const root = document.documentElement;
  const stated = document.querySelector("base[href]")?.getAttribute("href") ?? undefined;
  const from = absolute(stated, base) ?? base;
  reveal(document);
  formulas(document);
  tasks(document);
  loadImages(document);
  for (const element of all(root, "[style]")) {
    const isLeaf = element.firstElementChild === null;
    if (isHidden(element.getAttribute("style") ?? "", isLeaf)) element.remove();
  }
  for (const element of all(root, UNSHOWN)) if (!isFormula(element)) element.remove();
  code(document);
  for (const element of all(root, GADGETS)) element.remove();
  for (const heading of all(root, "h1 a, h2 a, h3 a, h4 a, h5 a, h6 a")) {
    if (/^[¶#§🔗\s]*$/u.test(heading.textContent) && heading.querySelector("img") === null) heading.remove();
  }
  links(document, from);
}

/** The absolute form of an address on the web; undefined for anything else, such as `javascript:`. */
function absolute(address: string | null | undefined, base: string | undefined): string | undefined {
  if (address === null || address === undefined) return undefined;
  const url = URL.parse(address.trim(), base);
  return url !== null && /^(https?|mailto|tel|ftp):$/.test(url.protocol) ? url.href : undefined;
}

/**
 * Pages that servers send in pieces (React, Next.js) carry their text in hidden elements that a script moves
 * to its place: here they are the text.
 */
function reveal(document: Document): void {
  for (const piece of all(document, 'div[hidden][id^="S:"]')) piece.removeAttribute("hidden");
}

function isFormula(element: Element): boolean {
  return element.hasAttribute("data-tex");
}

/** Formulas keep their source (TeX), which says more than their pieces. */
function formulas(document: Document): void {
  const put = (element: Element, tex: string, isBlock: boolean) => {
    const formula = document.createElement(isBlock ? "div" : "span");
    formula.setAttribute("data-tex", tex.trim());
    formula.textContent = tex.trim();
    element.replaceWith(formula);
  };
  for (const script of all(document, 'script[type^="math/tex"]')) {
    put(script, script.textContent, /mode=display/.test(script.getAttribute("type") ?? ""));
  }
  for (const note of all(document, 'annotation[encoding="application/x-tex"]')) {
    const math = note.closest("math");
    const outer = note.closest(".katex-display, .mwe-math-element") ?? note.closest(".katex") ??
      note.closest("mjx-container") ?? math;
    if (outer === null) continue;
    const isBlock = math?.getAttribute("display") === "block" || outer.matches(".katex-display");
    put(outer, note.textContent.trim().replace(/^\{\\displaystyle ([^]*)\}$/, "$1"), isBlock);
  }
}

/** Boxes of task lists become text before forms go. */
function tasks(document: Document): void {
  for (const box of all(document, "li input[type=checkbox]")) {
    box.replaceWith(box.hasAttribute("checked") ? "[x] " : "[ ] ");
  }
}

/** Images that a script would load when they come into view. */
function loadImages(document: Document): void {
  for (const image of all(document, "img")) {
    const src = image.getAttribute("src") ?? "";
    const lazy = ["data-src", "data-original", "data-lazy-src", "data-lazy"].map((name) =>
      image.getAttribute(name)
    )
      .find((value) => value !== null && value !== "");
    const set = image.getAttribute("srcset") ?? image.getAttribute("data-srcset");
    const [first] = (set ?? "").trim().split(/\s+/);
    if (lazy !== undefined) image.setAttribute("src", lazy ?? "");
    else if ((src === "" || src.startsWith("data:")) && first) {
      image.setAttribute("src", first.replace(/,$/, ""));
    }
  }
  // The same image once more, for browsers without scripts.
  for (const fallback of all(document, "noscript")) fallback.remove();
}

/** Code loses the numbers of its lines, and keeps its lines and its language. */
function code(document: Document): void {
  for (const table of all(document, "table")) {
    const pre = table.querySelector("td.code pre, td.rouge-code pre, td.crayon-code pre") ??
      all(table, "td pre").at(-1);
    if (pre !== undefined && table.querySelector(GUTTERS) !== null) {
      const language = languageOf(table) ?? languageOf(pre);
      if (language !== undefined) pre.setAttribute("data-language", language);
      table.replaceWith(pre);
    }
  }
  for (const pre of all(document, "pre")) {
    for (const gadget of all(pre, `${GUTTERS}, button`)) gadget.remove();
    for (const br of all(pre, "br")) br.replaceWith("\n");
    const language = languageOf(pre);
    if (language !== undefined) pre.setAttribute("data-language", language);
    const source = linesOf(pre).replace(/\r\n?/g, "\n").replace(/^\n|\s+$/g, "");
    const inner = document.createElement("code");
    inner.textContent = source;
    pre.textContent = "";
    pre.append(inner);
  }
}

/** The text of code; where every line is an element of its own, lines are joined again. */
function linesOf(pre: Element): string {
  const { textContent } = pre;
  if (textContent.includes("\n")) return textContent;
  const lines = all(pre, "div, li, span.line, .code-line, .view-line").filter((one) =>
    one.querySelector("div, li, span.line, .code-line, .view-line") === null
  );
  return lines.length > 1 ? lines.map((line) => line.textContent).join("\n") : textContent;
}

/** The language of code as sites name it: `language-ts`, `highlight-source-ts`, `brush: ts`, `data-lang`. */
function languageOf(element: Element): string | undefined {
  const inner = element.querySelector("code");
  const near = [
    element,
    inner,
    element.parentElement,
    element.parentElement?.parentElement,
    element.closest("figure"),
  ];
  for (const one of near) {
    const named = one?.getAttribute("data-language") ?? one?.getAttribute("data-lang");
    const name = named ?? languageOfClass(one?.getAttribute("class") ?? "");
    if (name && /^[\w+#.-]{1,30}$/.test(name) && !/^(plain|plaintext|text|none|default)$/i.test(name)) {
      return name.toLowerCase();
    }
  }
  return undefined;
}

function languageOfClass(names: string): string | undefined {
  const [, brush] = /\bbrush:\s*([\w+#-]+)/.exec(names) ?? [];
  const [, prefixed] = /(?:^|\s)(?:language|lang|highlight-source|highlight)-([\w+#.-]+)/.exec(names) ?? [];
  const [, pandoc] = /(?:^|\s)sourceCode\s+([\w+#.-]+)/.exec(names) ?? [];
  return brush ?? prefixed ?? pandoc;
}

/** Links and images get absolute addresses, or become what they show. */
function links(document: Document, base: string | undefined): void {
  for (const link of all(document, "a[href]")) {
    const href = link.getAttribute("href") ?? "";
    const url = href.startsWith("#") ? undefined : absolute(href, base);
    if (url === undefined) unwrap(link);
    else {
      link.setAttribute("href", url);
      link.removeAttribute("title");
      spread(link);
    }
  }
  for (const image of all(document, "img")) {
    const url = absolute(image.getAttribute("src"), base);
    const size = Math.max(...["width", "height"].map((name) => Number(image.getAttribute(name) ?? 99)));
    const isPixel = size <= 2 || image.getAttribute("role") === "presentation";
    if (isPixel || (url === undefined && textAlt(image) === "")) image.remove();
    else if (url === undefined) image.replaceWith(textAlt(image));
    else image.setAttribute("src", url);
  }
  for (
    const frame of all(document, "iframe[src], video[src], audio[src], video source[src], audio source[src]")
  ) {
    const url = absolute(frame.getAttribute("src"), base);
    const media = frame.closest("video, audio") ?? frame;
    if (media.parentNode === null) continue;
    const label = frame.getAttribute("title") ||
      media.tagName.toLowerCase().replace("iframe", "embedded page");
    if (url === undefined) media.remove();
    else {
      const link = document.createElement("a");
      link.setAttribute("href", url);
      link.textContent = label;
      media.replaceWith(link);
    }
  }
}

function textAlt(image: Element): string {
  return (image.getAttribute("alt") ?? "").replace(/\s+/g, " ").trim();
}

/** A link around a whole card goes to its heading, or to its only line. */
function spread(link: Element): void {
  const heading = link.querySelector("h1, h2, h3, h4, h5, h6");
  if (heading === null || heading.querySelector("a") !== null || textOf(heading) === "") return;
  const inner = link.cloneNode(false);
  inner.append(...heading.childNodes);
  heading.append(inner);
  unwrap(link);
}
