/**
 * How elements become Markdown where the library's own rules do not do: tables, code with its language, links
 * in one line, and little that only bothers a reader.
 * @module
 */
import TurndownService from "turndown";
import { all, type Element } from "./dom.ts";

/** Marks around the cells of a table while its text is put together; no text of a page contains them. */
const CELL = "\ue000";
const CELL_END = "\ue001";
const ROW = "\ue002";
/** All such marks, to be taken out of the text of a page first. */
export const MARKS = /[\ue000-\ue002]/g;

/** Rows and columns that one cell may span: sites write 9,999 for "the rest". */
const SPAN_MAX = 100;
/** Columns of a table. */
const COLUMNS_MAX = 200;

/** What of the library is used. */
interface Converter {
  escape(text: string): string;
  addRule(name: string, rule: Rule): void;
  turndown(node: Element): string;
}

interface Rule {
  filter: string | string[] | ((node: Element) => boolean);
  replacement(content: string, node: Element): string;
}

/** Makes a converter of trees that were prepared. */
export function createConverter(): (element: Element) => string {
  // The package has no types.
  const Service = TurndownService as unknown as new (options: Record<string, string>) => Converter;
  const service = new Service({
    headingStyle: "atx",
    hr: "---",
    bulletListMarker: "-",
    codeBlockStyle: "fenced",
    emDelimiter: "*",
  });
  service.escape = escape;
  for (const [name, rule] of Object.entries(textRules())) service.addRule(name, rule);
  for (const [name, rule] of Object.entries(blockRules())) service.addRule(name, rule);
  for (const [name, rule] of Object.entries(tableRules())) service.addRule(name, rule);
  return (element) =>
    service.turndown(element).replace(/[ \t]+$/gm, (end) => (end === "  " ? end : "")).replace(
      /\n{3,}/g,
      "\n\n",
    );
}

/** Only what would be read as Markdown: a page full of backslashes is hard to read for everybody. */
function escape(text: string): string {
  return text.replace(/[\\`*]/g, "\\$&").replace(
    /(^|\s)_(?=\S)|(?<=\S)_(?=\s|$)/g,
    (mark) => mark.replace("_", "\\_"),
  )
    .replace(/^(\s*)([-+>]|#{1,6}|={3,})(?=\s|$)/, "$1\\$2").replace(/^(\s*\d{1,9})([.)])(?=\s)/, "$1\\$2")
    .replace(/\](?=\()/g, "\\]");
}

function textRules(): Record<string, Rule> {
  return {
    link: {
      filter: (node) => node.nodeName === "A",
      replacement(content, node) {
        const label = oneLine(content).replace(/^#{1,6} /, "");
        const href = node.getAttribute("href");
        if (href === null || label === "") return label;
        // What it says in pieces must not look like the end of this link and the beginning of another.
        const text = node.querySelector("img") === null ? label.replace(/(?<!\\)\](?=\()/g, "\\]") : label;
        return `[${text}](${destination(href)})`;
      },
    },
    image: {
      filter: "img",
      replacement: (_content, node) => {
        const alt = oneLine(node.getAttribute("alt") ?? "").replace(/[[\]]/g, "");
        return `![${alt}](${destination(node.getAttribute("src") ?? "")})`;
      },
    },
    struck: { filter: ["del", "s", "strike"], replacement: (content) => around(content, "~~") },
    key: { filter: ["kbd", "samp", "tt"], replacement: (content) => around(content, "`") },
    raised: {
      filter: ["sup", "sub"],
      replacement(content, node) {
        const isNote = node.querySelector("a") !== null || /^\s*(\\?\[|$)/.test(content);
        return isNote
          ? content
          : `<${node.nodeName.toLowerCase()}>${content}</${node.nodeName.toLowerCase()}>`;
      },
    },
    quoted: { filter: "q", replacement: (content) => `"${content}"` },
    formula: {
      filter: (node) => node.hasAttribute("data-tex"),
      replacement(_content, node) {
        const tex = node.getAttribute("data-tex") ?? "";
        return node.nodeName === "DIV" ? `\n\n$$\n${tex}\n$$\n\n` : `$${tex}$`;
      },
    },
    strong: { filter: ["strong", "b"], replacement: (content) => around(content, "**") },
    emphasis: { filter: ["em", "i"], replacement: (content) => around(content, "*") },
  };
}

function blockRules(): Record<string, Rule> {
  // Counting the items before each one anew would take the square of their number.
  const numbers = new WeakMap<Element, number>();
  return {
    heading: {
      filter: ["h1", "h2", "h3", "h4", "h5", "h6"],
      replacement(content, node) {
        const label = oneLine(content);
        return label === "" ? "" : `\n\n${"#".repeat(Number(node.nodeName.charAt(1)))} ${label}\n\n`;
      },
    },
    code: {
      filter: "pre",
      replacement(_content, node) {
        const source = node.textContent;
        const longest = Math.max(2, ...(source.match(/`{3,}/g) ?? []).map((run) => run.length));
        const fence = "`".repeat(longest + 1);
        return `\n\n${fence}${node.getAttribute("data-language") ?? ""}\n${source}\n${fence}\n\n`;
      },
    },
    item: {
      filter: "li",
      replacement(content, node) {
        let marker = "-";
        const list = node.parentNode;
        if (list?.nodeName === "OL") {
          const number = numbers.get(list) ?? (Number(list.getAttribute("start") ?? 1) || 0);
          numbers.set(list, number + 1);
          marker = `${number}.`;
        }
        const indent = " ".repeat(marker.length + 1);
        const body = content.trim().replace(/\n(?!\n|$)/g, `\n${indent}`);
        return body === "" ? "" : `${marker} ${body}\n`;
      },
    },
    term: { filter: "dt", replacement: (content) => `\n\n${around(oneLine(content), "**")}\n` },
    definition: {
      filter: "dd",
      replacement: (content) => `\n: ${content.trim().replace(/\n(?!\n|$)/g, "\n  ")}\n`,
    },
    summary: { filter: "summary", replacement: (content) => `\n\n${around(oneLine(content), "**")}\n\n` },
    caption: {
      filter: "figcaption",
      replacement: (content) => (content.trim() === "" ? "" : `\n\n${content.trim()}\n\n`),
    },
  };
}

function tableRules(): Record<string, Rule> {
  const layouts = new WeakMap<Element, boolean>();
  const isLayoutOf = (node: Element) => {
    const table = node.closest("table");
    if (table === null) return true;
    const known = layouts.get(table) ?? isLayout(table);
    layouts.set(table, known);
    return known;
  };
  return {
    cell: {
      filter: ["td", "th"],
      replacement(content, node) {
        if (isLayoutOf(node)) return `\n\n${content.trim()}\n\n`;
        const kind = node.nodeName === "TH" ? "h" : "d";
        return `${CELL}${kind},${span(node, "colspan")},${span(node, "rowspan")},${
          cellText(content)
        }${CELL_END}`;
      },
    },
    row: {
      filter: "tr",
      replacement: (content, node) => (isLayoutOf(node) ? `\n\n${content}\n\n` : `${ROW}${content}`),
    },
    sections: {
      filter: ["thead", "tbody", "tfoot"],
      replacement: (content, node) => (isLayoutOf(node) ? `\n\n${content}\n\n` : content),
    },
    tableCaption: {
      filter: "caption",
      replacement: (content) => `\n\n${around(oneLine(content), "**")}\n\n`,
    },
    table: {
      filter: "table",
      replacement(content, node) {
        if (isLayoutOf(node)) return `\n\n${content}\n\n`;
        const start = content.indexOf(ROW);
        if (start < 0) return `\n\n${content}\n\n`;
        const above = content.slice(0, start).trim();
        return `\n\n${above === "" ? "" : `${above}\n\n`}${drawTable(content.slice(start))}\n\n`;
      },
    },
  };
}

/** Whether a table only arranges a page: it says so, holds tables, or has neither head nor two columns. */
function isLayout(table: Element): boolean {
  if (/^(presentation|none)$/.test(table.getAttribute("role") ?? "")) return true;
  if (table.querySelector("table, h1, h2, pre") !== null) return true;
  if (table.querySelector("th, caption, thead") !== null) return false;
  const rows = all(table, "tr");
  return rows.every((row) => row.children.length < 2);
}

/** Rows and columns from the marks of cells; a cell over several rows or columns stands in each of them. */
function drawTable(content: string): string {
  const rows: string[][] = [];
  const kinds: string[] = [];
  const hanging = new Map<number, { text: string; rows: number }>();
  for (const row of content.split(ROW).slice(1)) {
    const cells: string[] = [];
    const hang = () => {
      for (let held = hanging.get(cells.length); held !== undefined; held = hanging.get(cells.length)) {
        if (held.rows > 1) hanging.set(cells.length, { text: held.text, rows: held.rows - 1 });
        else hanging.delete(cells.length);
        cells.push(held.text);
      }
    };
    let kind = "";
    for (const cell of row.split(CELL).slice(1)) {
      hang();
      const [, type = "d", columns, down, text = ""] =
        /^([hd]),(\d+),(\d+),([^]*)$/.exec(cell.slice(0, cell.indexOf(CELL_END))) ?? [];
      kind += type;
      for (let i = 0; i < Number(columns) && cells.length < COLUMNS_MAX; i++) {
        if (Number(down) > 1) hanging.set(cells.length, { text, rows: Number(down) - 1 });
        cells.push(i === 0 ? text : "");
      }
    }
    hang();
    if (cells.length === 0) continue;
    rows.push(cells);
    kinds.push(kind);
  }
  const width = Math.max(...rows.map((cells) => cells.length));
  // Without a row of headings the first line stays empty: Markdown has no table without a head.
  const hasHead = /^h+$/.test(kinds[0] ?? "") && rows.length > 1;
  const head = hasHead ? rows.shift() ?? [] : [];
  const line = (cells: readonly string[]) =>
    `| ${Array.from({ length: width }, (_, i) => cells[i] ?? "").join(" | ")} |`;
  return [line(head), line(Array.from({ length: width }, () => "---")), ...rows.map(line)].join("\n");
}

function cellText(content: string): string {
  return content.trim().replace(/\|/g, "\\|").replace(/\s*\n\s*/g, "<br>");
}

function span(node: Element, name: string): number {
  const value = Number(node.getAttribute(name) ?? 1);
  return Number.isInteger(value) && value > 1 ? Math.min(value, SPAN_MAX) : 1;
}

function oneLine(content: string): string {
  return content.replace(/\s+/g, " ").trim();
}

/** Puts a text between two marks; white space stays outside, and what is there already is not doubled. */
function around(content: string, mark: string): string {
  const text = content.trim();
  if (text === "" || text.includes("\n\n") || (text.startsWith(mark) && text.endsWith(mark))) return content;
  const [before = ""] = /^\s*/.exec(content) ?? [];
  const [after = ""] = /\s*$/.exec(content) ?? [];
  return `${before}${mark}${text}${mark}${after}`;
}

/** An address inside a link of Markdown. */
function destination(url: string): string {
  return url.replace(
    /[()<>\s]/g,
    (character) =>
      encodeURIComponent(character).replace(/[()]/g, (one) => `%${one.charCodeAt(0).toString(16)}`),
  );
}
