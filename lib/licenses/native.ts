/**
 * What is inside the executable besides packages of npm: the runtime with the libraries it links, ripgrep,
 * and PDFium. Their licence texts are not in the packages they come in, so these are the facts and where the
 * texts are.
 * @module
 */

/** A native component. */
export interface Native {
  readonly name: string;
  /** An expression of SPDX identifiers. */
  readonly license: string;
  /** Where its source and the text of its licence are. */
  readonly home: string;
}

/** The runtime itself. Its parts are named by https://github.com/oven-sh/bun/blob/main/LICENSE.md. */
export const RUNTIME: Native = { name: "Bun", license: "MIT", home: "https://github.com/oven-sh/bun" };

/** Packages of npm that the runtime has inside, for programs that import them. */
const RUNTIME_PACKAGES =
  "acorn acorn-walk assert browserify-zlib buffer constants-browserify crypto-browserify domain-browser " +
  "events https-browserify os-browserify path-browserify process punycode querystring-es3 " +
  "stream-browserify stream-http string_decoder timers-browserify tty-browserify url util vm-browserify";

/** What the runtime links statically. */
export const RUNTIME_PARTS: readonly Native[] = [
  {
    name: "JavaScriptCore and WebKit",
    license: "LGPL-2.1-or-later",
    home: "https://github.com/oven-sh/WebKit",
  },
  { name: "TinyCC", license: "LGPL-2.1-or-later", home: "https://github.com/tinycc/tinycc" },
  {
    name: "BoringSSL",
    license: "Apache-2.0 AND OpenSSL AND ISC",
    home: "https://boringssl.googlesource.com/boringssl",
  },
  { name: "Brotli", license: "MIT", home: "https://github.com/google/brotli" },
  { name: "c-ares", license: "MIT", home: "https://github.com/c-ares/c-ares" },
  { name: "Highway", license: "Apache-2.0", home: "https://github.com/google/highway" },
  { name: "ICU", license: "Unicode-3.0", home: "https://github.com/unicode-org/icu" },
  { name: "libarchive", license: "BSD-2-Clause", home: "https://github.com/libarchive/libarchive" },
  { name: "libbase64", license: "BSD-2-Clause", home: "https://github.com/aklomp/base64" },
  { name: "libdeflate", license: "MIT", home: "https://github.com/ebiggers/libdeflate" },
  {
    name: "libjpeg-turbo",
    license: "BSD-3-Clause AND IJG AND Zlib",
    home: "https://github.com/libjpeg-turbo/libjpeg-turbo",
  },
  { name: "libspng", license: "BSD-2-Clause", home: "https://github.com/randy408/libspng" },
  { name: "libuv (Windows)", license: "MIT", home: "https://github.com/libuv/libuv" },
  { name: "libwebp", license: "BSD-3-Clause", home: "https://github.com/webmproject/libwebp" },
  {
    name: "LLVM libc++abi",
    license: "Apache-2.0 WITH LLVM-exception",
    home: "https://github.com/llvm/llvm-project",
  },
  { name: "llhttp", license: "MIT", home: "https://github.com/nodejs/llhttp" },
  { name: "lol-html", license: "BSD-3-Clause", home: "https://github.com/cloudflare/lol-html" },
  { name: "ls-hpack", license: "MIT", home: "https://github.com/litespeedtech/ls-hpack" },
  { name: "ls-qpack", license: "MIT", home: "https://github.com/litespeedtech/ls-qpack" },
  { name: "lsquic", license: "MIT AND BSD-3-Clause", home: "https://github.com/litespeedtech/lsquic" },
  { name: "mimalloc", license: "MIT", home: "https://github.com/microsoft/mimalloc" },
  {
    name: "picohttpparser",
    license: "MIT OR Artistic-1.0-Perl",
    home: "https://github.com/h2o/picohttpparser",
  },
  { name: "simdutf", license: "Apache-2.0", home: "https://github.com/simdutf/simdutf" },
  { name: "SQLite", license: "blessing", home: "https://sqlite.org" },
  { name: "TigerBeetle (parts)", license: "Apache-2.0", home: "https://github.com/tigerbeetle/tigerbeetle" },
  {
    name: "uSockets and uWebSockets",
    license: "Apache-2.0",
    home: "https://github.com/uNetworking/uSockets",
  },
  { name: "uucode", license: "MIT", home: "https://github.com/jacobsandlund/uucode" },
  { name: "zlib-ng", license: "Zlib", home: "https://github.com/zlib-ng/zlib-ng" },
  { name: "Zstandard", license: "BSD-3-Clause", home: "https://github.com/facebook/zstd" },
  ...RUNTIME_PACKAGES.split(" ").map((name) => ({
    name,
    license: "MIT",
    home: `https://www.npmjs.com/package/${name}`,
  })),
];

/** The search program, as @vscode/ripgrep packages it, and the regular expressions it links. */
export const RIPGREP: Native = {
  name: "ripgrep",
  license: "MIT OR Unlicense",
  home: "https://github.com/BurntSushi/ripgrep",
};
export const RIPGREP_PARTS: readonly Native[] = [
  { name: "PCRE2", license: "BSD-3-Clause", home: "https://github.com/PCRE2Project/pcre2" },
];

/** The PDF engine, as WebAssembly; the package it comes in names only its own licence. */
export const PDFIUM: Native = {
  name: "PDFium",
  license: "BSD-3-Clause AND Apache-2.0",
  home: "https://pdfium.googlesource.com/pdfium",
};

/** What PDFium links: its folder third_party. */
export const PDFIUM_PARTS: readonly Native[] = [
  { name: "Abseil", license: "Apache-2.0", home: "https://github.com/abseil/abseil-cpp" },
  { name: "Anti-Grain Geometry", license: "LicenseRef-AGG-2.3", home: "https://agg.sourceforge.net" },
  { name: "fast_float", license: "Apache-2.0 OR MIT", home: "https://github.com/fastfloat/fast_float" },
  { name: "FreeType", license: "FTL", home: "https://freetype.org" },
  { name: "ICU", license: "Unicode-3.0", home: "https://github.com/unicode-org/icu" },
  { name: "Little CMS", license: "MIT", home: "https://github.com/mm2/Little-CMS" },
  {
    name: "libjpeg-turbo",
    license: "BSD-3-Clause AND IJG AND Zlib",
    home: "https://github.com/libjpeg-turbo/libjpeg-turbo",
  },
  { name: "OpenJPEG", license: "BSD-2-Clause", home: "https://github.com/uclouvain/openjpeg" },
  { name: "zlib", license: "Zlib", home: "https://zlib.net" },
  // What its WebAssembly is compiled with, and links for want of an operating system.
  { name: "Emscripten", license: "MIT OR NCSA", home: "https://emscripten.org" },
  { name: "LLVM libc++ and libc++abi", license: "Apache-2.0 WITH LLVM-exception", home: "https://llvm.org" },
  { name: "musl", license: "MIT", home: "https://musl.libc.org" },
];
