import assert from "node:assert/strict";
import { test } from "node:test";
import { ToolError } from "../../lib/errors.ts";
import { compileGlob } from "../../lib/glob.ts";

function check(pattern: string, matching: string[], others: string[], ignoreCase = false): void {
  const glob = compileGlob(pattern, { ignoreCase });
  for (const path of matching) assert.equal(glob.matches(path), true, `"${pattern}" should match "${path}"`);
  for (const path of others) {
    assert.equal(glob.matches(path), false, `"${pattern}" should not match "${path}"`);
  }
}

test("compileGlob: a pattern without a slash matches names at any depth", () => {
  check("*.ts", ["a.ts", "src/deep/b.ts", ".ts"], ["a.tsx", "a.ts/b", "ats"]);
  check("README", ["README", "docs/README"], ["README.md", "XREADME"]);
});

test("compileGlob: a pattern with a slash matches the whole path, and * stays within a component", () => {
  check("src/*.ts", ["src/a.ts"], ["src/b/a.ts", "x/src/a.ts", "a.ts"]);
  check("./src/*.ts", ["src/a.ts"], ["a.ts"]);
  check("src/", ["src", "a/src"], ["src/a"]);
});

test("compileGlob: ** stands for any number of components, none included", () => {
  check("src/**/*.ts", ["src/a.ts", "src/b/a.ts", "src/b/c/a.ts"], ["asrc/a.ts", "src/a.js", "b/src/a.ts"]);
  check("**/test/**", ["test/a", "x/test/a/b"], ["test", "atest/b"]);
  check("**", ["a", "a/b"], []);
  check("a**b", ["ab", "axxb"], ["a/b/c"]);
});

test("compileGlob: ?, classes, braces and escapes mean what they mean in ripgrep", () => {
  check("?.md", ["a.md", "ü.md", "😀.md"], [".md", "ab.md"]);
  check("[a-c]x[!0-9]", ["axy", "cx-"], ["dxy", "ax5", "ax/"]);
  check("[]x]", ["]", "x"], ["["]);
  check("*.{ts,t{sx,est}.js,}", ["a.ts", "a.tsx.js", "a.test.js", "a."], ["a.tsx", "a.js"]);
  check("{src,lib}/**/*.ts", ["src/a.ts", "lib/x/y.ts"], ["web/a.ts"]);
  check("a}b", ["a}b"], ["ab"]);
  if (process.platform !== "win32") check("\\*.md", ["*.md"], ["a.md"]);
});

test("compileGlob: case counts unless it is ignored; composed letters equal decomposed ones", () => {
  check("*.jpg", ["a.jpg"], ["A.JPG"]);
  check("*.jpg", ["a.jpg", "A.JPG"], ["a.png"], true);
  check("caf\u00e9*", ["cafe\u0301.txt"], ["cafe.txt"]);
});

test("compileGlob: refuses what is empty, absolute, leads out, is unclosed or too long", () => {
  const refused = [
    "",
    ".",
    "/etc/*",
    "~/x",
    "C:/x",
    "../x",
    "a/../b",
    "a/{..,b}/c",
    "[abc",
    "{a,b",
    "x".repeat(1_001),
  ];
  for (const pattern of refused) {
    assert.throws(
      () => compileGlob(pattern),
      (error) => error instanceof ToolError && error.next !== "",
      pattern,
    );
  }
});

test("compileGlob: hostile patterns take linear work", () => {
  const name = "a".repeat(250);
  assert.equal(compileGlob("*a".repeat(300) + "b").matches(name), false);
  assert.equal(compileGlob("{a,aa}".repeat(150)).matches(name), true);
  assert.equal(compileGlob("**/*/".repeat(150) + "b").matches("a/".repeat(500) + "c"), false);
  assert.equal(compileGlob("{".repeat(400) + "a" + "}".repeat(400)).matches("a"), true);
});

test("compileGlob: forgets what it remembered without changing its answers", () => {
  const glob = compileGlob("*[a-f]?[0-9]*.txt");
  for (let round = 0; round < 2; round++) {
    for (let point = 0x4e00; point < 0x4e00 + 3_000; point++) {
      const letter = String.fromCodePoint(point);
      assert.equal(glob.matches(`${letter}a${letter}7.txt`), true);
      assert.equal(glob.matches(`${letter}g${letter}7.txt`), false);
    }
  }
});
