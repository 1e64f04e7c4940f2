// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * HTML to Markdown on saved pages of five kinds: what is kept and what is dropped, against the way of the
 * reference fetch server, which is Readability and a plain conversion of what it leaves.
 * @module
 */
import { gfm } from "@joplin/turndown-plugin-gfm";
import { Readability } from "@mozilla/readability";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import TurndownService from "turndown";
import { type Document, type Element, parseDocument } from "../lib/markdown/dom.ts";
import { htmlToMarkdown } from "../lib/markdown/html.ts";
import { ROOT } from "../scripts/runtimes.mjs";
import { machine, median, number, table } from "./support/report.ts";

/** Conversions of each page that are timed, in turns, after as many to warm up. */
const ROUNDS = 30;

/** What is looked at. */
const ASPECTS = ["headings", "text", "links", "tables", "code", "left out"] as const;

/** What must be in the Markdown of a page, and under "left out" what must not. */
type Checks = Readonly<Partial<Record<(typeof ASPECTS)[number], readonly RegExp[]>>>;

const PAGES: Readonly<Record<string, Checks>> = {
  article: {
    headings: [
      /^# Why the harbour lights went out$/m,
      /^## A spare that never was$/m,
      /^## What happens now$/m,
    ],
    text: [
      /eleven hours on Tuesday/,
      /\*no larger than a matchbox\*|_no larger than a matchbox_/,
      /€240,000/,
      /^> We had/m,
    ],
    links: [
      /\]\(https:\/\/site\.example\/reports\/relay-findings\.pdf\)/,
      /\]\(https:\/\/site\.example\/harbour\/tests/,
    ],
    "left out": [
      /cookies/,
      /Subscribe/,
      /Share on/,
      /Related stories/,
      /Most read/,
      /briefing/,
      /Terms of use/,
    ],
  },
  documentation: {
    headings: [/^# Retrying requests$/m, /^## Parameters$/m, /^### An example with a callback$/m],
    text: [/idempotent methods/, /Connection errors/, /Retry-After/, /With jitter/, /b \\?\\cdot 2\^n/],
    links: [
      /\]\(https:\/\/site\.example\/api\/policy\.html/,
      /\[Proxies\]\(https:\/\/site\.example\/guide\/proxy\.html\)/,
    ],
    tables: [
      /\| Parameter \| Type \| Default \| Meaning \|/,
      /\| `backoff` \| float \| 0\.2 \|/,
      /set\\?\[int\\?\] \\\| None/,
    ],
    code: [
      /```python\nfrom courier/,
      /\n\npolicy = RetryPolicy/,
      /```bash\ncourier get/,
      /```(js|javascript)\npolicy\.onRetry/,
    ],
    "left out": [/¶/, /Copy/, /Skip to content/, /On this page/, /Previous:/, /docgen/, /Getting started/],
  },
  table: {
    headings: [/^# List of alpine reservoirs$/m, /^## Reservoirs$/m, /^## By country$/m],
    text: [/more than 50 million m/, /By capacity, 2025/],
    links: [
      /\]\(https:\/\/site\.example\/wiki\/Durance\)/,
      /\]\(https:\/\/dams\.example\.org\/register\?region=alps\)/,
    ],
    tables: [
      /\| Name \| Country \|/,
      /\| \[Serre-Ponçon\]\([^)]*\) \| France \| 1,272 \| 28\.2 +\|/,
      /\| \[Sainte-Croix\]\([^)]*\) \| France \| 761 \| 22 +\|/,
      /\| France \| 2 +\|/,
    ],
    "left out": [/Random page/, /edit\]/, /Andes/, /last edited/, /free licence/],
  },
  forum: {
    headings: [/^# Segfault when closing the pool twice/m],
    text: [
      /akira/,
      /noor/,
      /petra_w/,
      /Debian 13/,
      /> Expected: an error/,
      /Fixed in \*\*4\.1\.2\*\*/,
      /\[x\] release notes/,
    ],
    links: [/\]\(https:\/\/site\.example\/commit\/9f3c2ab\)/],
    code: [/```c\npool_t \*p = pool_open\(8\);\npool_close\(p\);/, /```c\nif \(p\)/],
    "left out": [/Similar topics/, /Register/, /Powered by/, /Basin Conf/, /\bReport\b/],
  },
  app: {
    text: [/Tide tables for 4,000 harbours/, /scripts/i],
  },
};

/** A way to make Markdown of a page. */
type Way = (html: string, base: string) => string;

/** What of the library is used; it has no types. */
interface Service {
  use(plugin: unknown): void;
  addRule(name: string, rule: { filter: string; replacement(content: string, node: Element): string }): void;
  turndown(html: string): string;
}

/** What a model reads: the notes too. */
const ours: Way = (html, base) => {
  const { markdown, notes } = htmlToMarkdown(html, { base });
  return [...notes, markdown].join("\n\n");
};

/**
 * The reference server's way: Readability, then headings with #, tables and code as a plain converter makes
 * them. It is given the title, which that server leaves out. Its parser knows no address of the page.
 */
const reference: Way = (html) => {
  const document: Document = parseDocument(html);
  // The library wants a browser's document, and uses of it what this one has.
  const page = new Readability(document as unknown as ConstructorParameters<typeof Readability>[0]).parse();
  if (!page?.content) return "<error>Page failed to be simplified from HTML</error>";
  const service = new (TurndownService as unknown as new (options: object) => Service)({
    headingStyle: "atx",
  });
  service.use(gfm);
  service.addRule("code", {
    filter: "pre",
    replacement: (_content, node) => `\n\n\`\`\`\n${node.textContent.trimEnd()}\n\`\`\`\n\n`,
  });
  const body = service.turndown(page.content);
  return `# ${page.title}\n\n${body}`;
};

const WAYS: readonly (readonly [string, Way])[] = [["clawhammer", ours], [
  "Readability + Markdown",
  reference,
]];

/** How many checks of each aspect a Markdown passes. */
function judge(markdown: string, checks: Checks): [passed: number, all: number][] {
  return ASPECTS.map((aspect) => {
    const list = checks[aspect] ?? [];
    return [list.filter((pattern) => pattern.test(markdown) !== (aspect === "left out")).length, list.length];
  });
}

async function compare(): Promise<void> {
  const rows: string[][] = [];
  const totals = new Map(WAYS.map(([name]) => [name, [0, 0] as [number, number]]));
  for (const [name, checks] of Object.entries(PAGES)) {
    const html = await readFile(join(ROOT, "test", "fixtures", "web", `${name}.html`), "utf8");
    const base = `https://site.example/guide/${name}.html`;
    const times = new Map<string, number[]>(WAYS.map(([way]) => [way, []]));
    for (let round = 0; round < 2 * ROUNDS; round++) {
      for (const [way, convert] of WAYS) {
        const before = performance.now();
        convert(html, base);
        if (round >= ROUNDS) times.get(way)?.push(performance.now() - before);
      }
    }
    for (const [way, convert] of WAYS) {
      const markdown = convert(html, base);
      if (process.env.SHOW === "1") console.error(`===== ${name}, ${way}\n${markdown}\n`);
      const scores = judge(markdown, checks);
      const total = totals.get(way) ?? [0, 0];
      for (const [passed, all] of scores) {
        total[0] += passed;
        total[1] += all;
      }
      rows.push([
        name,
        way,
        ...scores.map(([passed, all]) => (all === 0 ? "–" : `${passed}/${all}`)),
        number(median(times.get(way) ?? []), 1),
      ]);
    }
  }
  for (const [way, [passed, all]] of totals) {
    rows.push(["**all**", way, ...ASPECTS.map(() => ""), `**${passed}/${all}**`]);
  }
  console.log(`${machine()}; medians of ${ROUNDS} conversions, in turns\n`);
  console.log(table(["page", "way", ...ASPECTS, "ms"], rows));
}

if (import.meta.main) await compare();
