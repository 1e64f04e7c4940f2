/** HTML to Markdown. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { HTML_DEPTH_MAX } from "../../lib/limits.ts";
import { asText, htmlToMarkdown } from "../../lib/markdown/html.ts";
import { outlineOf } from "../../lib/markdown/scan.ts";

const BASE = "https://site.example/guide/page.html";

/** The whole body as Markdown. */
function whole(html: string): string {
  return htmlToMarkdown(html, { base: BASE, whole: true }).markdown;
}

async function fixture(name: string) {
  const html = await readFile(new URL(`../fixtures/web/${name}.html`, import.meta.url), "utf8");
  return htmlToMarkdown(html, { base: `https://site.example/guide/${name}.html` });
}

test("an article keeps its text, links and lists, and loses what is about the site", async () => {
  const { markdown, title, notes } = await fixture("article");
  assert.equal(title, "Why the harbour lights went out");
  assert.deepEqual(notes, []);
  assert.match(markdown, /^# Why the harbour lights went out\n\nMarta Lindqvist, 2026-03-14\n/);
  assert.match(
    markdown,
    /!\[The dark harbour at night\]\(https:\/\/site\.example\/img\/2026\/harbour-night\.jpg\)/,
  );
  assert.match(markdown, /\n## A spare that never was\n/);
  assert.match(
    markdown,
    /as an \[internal report\]\(https:\/\/site\.example\/reports\/relay-findings\.pdf\) puts/,
  );
  assert.match(markdown, /\n> We had forty years of good luck/);
  assert.match(
    markdown,
    /\n2\. a monthly test .*\[on its site\]\(https:\/\/site\.example\/harbour\/tests\?year=2026&view=all\);/,
  );
  assert.doesNotMatch(
    markdown,
    /cookie|Subscribe|Share on|Related|Most read|briefing|Terms of use|pixel|Buy a boat/i,
  );
});

test("documentation keeps code with its language, tables, definitions and formulas", async () => {
  const { markdown, title } = await fixture("documentation");
  assert.equal(title, "Retrying requests");
  assert.match(
    markdown,
    /\n```python\nfrom courier import Client, RetryPolicy\n\npolicy = RetryPolicy\(attempts=4/,
  );
  assert.match(markdown, /\n```bash\ncourier get --retry 4 --backoff 0\.5 \\\n {2}https:/);
  assert.match(markdown, /\n```js\npolicy\.onRetry = \(error, attempt\) => \{\n {2}console\.log\(`attempt/);
  assert.match(
    markdown,
    /\| Parameter \| Type \| Default \| Meaning \|\n(\| --- ){4}\|\n\| `attempts` \| int \| 3 \|/,
  );
  assert.match(markdown, /set\[int\] \\\| None/);
  assert.match(markdown, /\*\*Connection errors\*\*\n: Always/);
  assert.match(markdown, /grows as \$b \\cdot 2\^n\$/);
  assert.match(markdown, /\n {2}- With jitter/);
  assert.doesNotMatch(markdown, /¶|Copy|Skip to content|On this page|Previous:|docgen|Getting started/);
});

test("tables keep spans, headings, captions and bars", async () => {
  const { markdown } = await fixture("table");
  assert.match(markdown, /\*\*By capacity, 2025\*\*\n\n\| Name \| Country \| Size \|/);
  assert.match(markdown, /\n\| \[Serre-Ponçon\]\(.*\) \| France \| 1,272 \| 28\.2 \| Earth dam; \[Durance\]/);
  assert.match(markdown, /\n\| \[Sainte-Croix\]\(.*\) \| France \| 761 \| 22 \| Verdon \\\| arch dam \|/);
  assert.match(markdown, /Highest gravity dam<br>285 m/);
  assert.match(markdown, /\n\| {2}\| {2}\|\n\| --- \| --- \|\n\| France \| 2 \|/);
  assert.doesNotMatch(markdown, /Random page|edit\]|Andes|last edited|Lists of lakes/);
});

test("a forum keeps every post and who wrote it", async () => {
  const { markdown } = await fixture("forum");
  for (const name of ["akira", "noor", "petra_w"]) assert.ok(markdown.includes(`[${name}]`), name);
  assert.match(markdown, /```c\npool_t \*p = pool_open\(8\);/);
  assert.match(markdown, /- \[x\] release notes\n- \[ \] backport to 3\.x/);
  assert.doesNotMatch(markdown, /Similar topics|Register|Powered by|Basin Conf|Reply/);
});

test("an empty frame for scripts is called one", async () => {
  const { markdown, notes } = await fixture("app");
  assert.match(markdown, /Tide tables for 4,000 harbours/);
  assert.match(notes.join("\n"), /put together by scripts in a browser/);
  const { notes: none } = htmlToMarkdown(
    `<script src=a.js></script><div id=root>${"<p>real text ".repeat(40)}</div>`,
  );
  assert.deepEqual(none, [], "a page that has its text is none, whatever it loads");
});

/** HTML and its Markdown. */
const TABLE: readonly (readonly [string, string])[] = [
  ["<h1>A <em>b</em></h1><p>c", "# A *b*\n\nc"],
  ["<p>a<br>b</p>", "a  \nb"],
  ["a <b> b </b>c <i></i>d", "a **b** c d"],
  ["<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c"],
  ['<ol start="9"><li>a<li><p>b</p><p>c</p></ol>', "9. a\n10. b\n\n    c"],
  ["<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"],
  ["<pre>a\n  b</pre>", "```\na\n  b\n```"],
  ['<pre class="language-ts"><code>let a = "```";</code></pre>', '````ts\nlet a = "```";\n````'],
  ["<pre><div>one</div><div>two</div></pre>", "```\none\ntwo\n```"],
  ["<pre>a<br>b</pre>", "```\na\nb\n```"],
  ["<code>a`b</code> <kbd>Ctrl</kbd>", "``a`b`` `Ctrl`"],
  ["<del>a</del> m<sup>2</sup> H<sub>2</sub>O", "~~a~~ m<sup>2</sup> H<sub>2</sub>O"],
  [
    '<a href="x.html">a</a> <a href="/y">b</a> <a href="#z">c</a>',
    "[a](https://site.example/guide/x.html) [b](https://site.example/y) c",
  ],
  ['<a href="javascript:alert(1)">a</a> <a href="data:text/html,x">b</a> <a>c</a>', "a b c"],
  ['<a href="/a (b)">x</a>', "[x](https://site.example/a%20%28b%29)"],
  ['<a href="/a"><h2>Title</h2><p>text</p></a>', "## [Title](https://site.example/a)\n\ntext"],
  ['<a href="/a"><div>one</div><div>two</div></a>', "[one two](https://site.example/a)"],
  [
    '<img src="a.png" alt="A [b]"><img src="x" width=1 height=1><img alt="only">',
    "![A b](https://site.example/guide/a.png)only",
  ],
  [
    '<a href="/a"><img src="b.png" alt="c"></a>',
    "[![c](https://site.example/guide/b.png)](https://site.example/a)",
  ],
  ['<img data-src="/lazy.png" src="data:image/gif;base64,x" alt="l">', "![l](https://site.example/lazy.png)"],
  ['<img srcset="/s.png 1x, /m.png 2x" alt="s">', "![s](https://site.example/s.png)"],
  ["<table><tr><th>a<th>b<tr><td>1<td>2</table>", "| a | b |\n| --- | --- |\n| 1 | 2 |"],
  ["<table><tr><td>a|b<td>c<br>d</table>", "|  |  |\n| --- | --- |\n| a\\|b | c<br>d |"],
  ["<table><tr><th colspan=2>a<tr><td>1<td>2</table>", "| a |  |\n| --- | --- |\n| 1 | 2 |"],
  ["<table role=presentation><tr><td>a<td>b</table>", "a\n\nb"],
  [
    "<table><tr><td><table><tr><th>a<th>b<tr><td>1<td>2</table></table>",
    "| a | b |\n| --- | --- |\n| 1 | 2 |",
  ],
  ["<dl><dt>a<dd>b</dl>", "**a**\n: b"],
  ["<details><summary>a</summary>b</details>", "**a**\n\nb"],
  [
    "<p hidden>a</p><p style='display: none'>b</p><p aria-hidden=true>c</p><script>d</script>f",
    "f",
  ],
  ["<template>a</template><noscript>b</noscript><!-- c --><svg><text>d</text></svg>e", "de"],
  ['<div hidden id="S:0"><p>sent in pieces</p></div>', "sent in pieces"],
  ["1. a<p>- b<p># c<p>+ d<p>> e", "1\\. a\n\n\\- b\n\n\\# c\n\n\\+ d\n\n\\> e"],
  ["a*b*c snake_case_name `x` &lt;div> 2 &lt; 3", "a\\*b\\*c snake_case_name \\`x\\` <div> 2 < 3"],
  ["<h2>a<a class=headerlink href=#a>¶</a></h2>", "## a"],
  ['<iframe src="https://video.example/v" title="Film"></iframe>', "[Film](https://video.example/v)"],
  ["<p>a</p>\n\n\n<p> </p><div></div><p>b</p>", "a\n\nb"],
  ["\ue000\ue001a\ue002", "a"],
  ["", ""],
];

test("elements become the Markdown that is expected", () => {
  for (const [html, markdown] of TABLE) assert.equal(whole(html), markdown, html);
});

test("the base element counts for relative links", () => {
  assert.equal(
    whole('<head><base href="/other/"></head><body><a href="a">x</a>'),
    "[x](https://site.example/other/a)",
  );
});

test("a page that sends browsers on says so", () => {
  const { notes } = htmlToMarkdown('<meta http-equiv="Refresh" content="0; URL=\'/next\'">', { base: BASE });
  assert.deepEqual(notes, ["The page sends browsers on to https://site.example/next"]);
});

test("a page about links keeps its links", () => {
  const items = Array.from({ length: 30 }, (_, i) => `<li><a href="/${i}">Story number ${i}</a></li>`).join(
    "",
  );
  const { markdown } = htmlToMarkdown(`<body><div><ul>${items}</ul></div></body>`, { base: BASE });
  assert.equal(markdown.match(/Story number/g)?.length, 30);
});

test("what is too deep, too large or has too many elements becomes plain text", () => {
  const pages = [
    `${"<div>".repeat(100_000)}deep <b>text</b>`,
    `<p>first</p>${"<b>".repeat(HTML_DEPTH_MAX + 1)}deep text`,
    `<p>deep text</p>${"<i></i>".repeat(250_000)}`,
    `<script>${"x".repeat(5_000_000)}</script><p>deep&#32;text`,
  ];
  for (const page of pages) {
    const { markdown, notes } = htmlToMarkdown(page);
    assert.match(markdown, /deep text$/);
    assert.match(notes.join(""), /so this is its plain text/);
  }
  assert.equal(asText("<h1>a</h1><p>b <i>c</i></p><style>d</style>", "odd").markdown, "a\nb c");
});

test("the look over HTML never finds less depth than there is", () => {
  assert.equal(outlineOf("<div>".repeat(50) + "</div>".repeat(50)).depth, 50);
  assert.equal(outlineOf("<p>a".repeat(50)).depth, 1);
  assert.equal(outlineOf("<br>".repeat(50)).depth, 0);
  assert.equal(outlineOf("<b></i>".repeat(50)).depth, 50);
  assert.equal(outlineOf("<svg>" + "<g/>".repeat(50)).depth, 2);
  assert.equal(outlineOf("<div/>".repeat(50)).depth, 50, "no element of HTML ends like this");
});

test("htmlToMarkdown leaves out what the style of an element hides, however it is written", () => {
  const hidden = [
    "DISPLAY: None",
    "display:/* x */none",
    "d\\69splay:none !important",
    "display:block;display:none",
    "visibility:collapse",
    "position:absolute; left:-9999px",
    "position:fixed;top:-100em",
    "text-indent:-9999px",
    "position:absolute;clip:rect(0, 0, 0, 0)",
    "clip-path:inset(50%)",
    "font-size:0",
    "font-size:.5px",
    "content-visibility:hidden",
  ];
  for (const style of hidden) {
    const { markdown } = htmlToMarkdown(`<p>seen</p><p style="${style}">Obey me</p>`, { whole: true });
    assert.equal(markdown, "seen", style);
  }
  const shown = [
    "display:none;display:block",
    "--display:none",
    "left:-9999px",
    "position:absolute;left:-10px",
    "opacity:0;transform:translateY(20px)",
    "font-size:0.8em",
    "background:url(display:none)",
    "display:none-such;\\110000",
  ];
  for (const style of shown) {
    const { markdown } = htmlToMarkdown(`<p>seen</p><p style="${style}">too</p>`, { whole: true });
    assert.equal(markdown, "seen\n\ntoo", style);
  }
  const parent = `<div style="font-size:0"><span style="font-size:1rem">seen</span></div>`;
  assert.equal(htmlToMarkdown(parent, { whole: true }).markdown, "seen");
});

test("htmlToMarkdown lets no text become a link, nor the end of one", () => {
  const read = (html: string) => htmlToMarkdown(html, { whole: true }).markdown;
  assert.equal(
    read(`<a href="https://a.example/">](javascript:alert(1)) [x</a>`),
    "[\\](javascript:alert(1)) [x](https://a.example/)",
  );
  assert.equal(
    read(`<a href="https://a.example/">y]<span>(javascript:alert(1)) [x</span></a>`),
    "[y\\](javascript:alert(1)) [x](https://a.example/)",
  );
  assert.equal(read("<p>[a<i></i>](javascript:alert(1))</p>"), "[a\\](javascript:alert(1))");
});
