import { type Law, testLaws } from "./law.ts";
import { bodies, isCode, type SourceFile, tokensOf } from "./source.ts";

/** Lines of a file: what fits into one reading. */
const FILE_LINES_MAX = 400;
/** Lines of a function, from its parameters to its closing brace. */
const FUNCTION_LINES_MAX = 70;
/** Characters of a line: the width that `deno fmt` keeps wherever a line can be broken. */
const LINE_COLUMNS_MAX = 110;

function longFiles(files: readonly SourceFile[]): string[] {
  return files.filter(isCode).flatMap(({ path, text }) => {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    return lines > FILE_LINES_MAX
      ? [`${path}:${lines}: more than ${FILE_LINES_MAX} lines; split it by topic`]
      : [];
  });
}

function longFunctions(files: readonly SourceFile[]): string[] {
  return files.filter(isCode).flatMap((file) => {
    const tokens = tokensOf(file);
    return bodies(tokens).flatMap(({ start, end }) => {
      const [first = 0, last = 0] = [tokens[start]?.line, tokens[end]?.line];
      const lines = last - first + 1;
      const advice = `${lines} lines in one function, more than ${FUNCTION_LINES_MAX}; name its parts`;
      return lines > FUNCTION_LINES_MAX ? [`${file.path}:${first}: ${advice}`] : [];
    });
  });
}

function longLines(files: readonly SourceFile[]): string[] {
  return files.filter(isCode).flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, i) => {
      const columns = [...line].length;
      const advice = `${columns} columns, more than ${LINE_COLUMNS_MAX}; break the line`;
      return columns > LINE_COLUMNS_MAX ? [`${path}:${i + 1}: ${advice}`] : [];
    })
  );
}

function lines(count: number): string {
  return "f();\n".repeat(count);
}

const LAWS: Law[] = [
  {
    rule: `files have at most ${FILE_LINES_MAX} lines`,
    check: longFiles,
    bad: [{ "lib/a.ts": lines(FILE_LINES_MAX + 1) }, { "scripts/a.mjs": lines(FILE_LINES_MAX + 1) }],
    good: [{ "lib/a.ts": lines(FILE_LINES_MAX), "docs/a.md": lines(FILE_LINES_MAX + 1) }],
  },
  {
    rule: `functions have at most ${FUNCTION_LINES_MAX} lines`,
    check: longFunctions,
    bad: [
      { "lib/a.ts": `function a(): void {\n${lines(FUNCTION_LINES_MAX - 1)}}\n` },
      { "test/a.test.ts": `test("a", async () => {\n${lines(FUNCTION_LINES_MAX - 1)}});\n` },
      {
        "tools/a.ts": `const a = {\n  async run({ b }, ctx): Promise<{ c: D }> {\n${
          lines(FUNCTION_LINES_MAX)
        }  },\n};\n`,
      },
    ],
    good: [{ "lib/a.ts": `function a(): void {\n${lines(FUNCTION_LINES_MAX - 2)}}\n` }],
  },
  {
    rule: `lines have at most ${LINE_COLUMNS_MAX} columns`,
    check: longLines,
    bad: [{ "lib/a.ts": `\n// ${"a".repeat(LINE_COLUMNS_MAX)}\n` }],
    good: [{ "lib/a.ts": `${"ä".repeat(LINE_COLUMNS_MAX - 2)}🕰️\n` }],
  },
];

testLaws(LAWS);
