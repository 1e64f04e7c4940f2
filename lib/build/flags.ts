/**
 * How executables are compiled: Clawhammer itself, and what people build with it.
 * @module
 */

/** The flags of `bun build`. */
export const COMPILER_FLAGS: readonly string[] = [
  "--compile",
  "--minify",
  "--bytecode", // Spares the parser at start: about 30 of 90 ms.
  // Functions run three times as often before they are compiled further: a server starts often and answers
  // a few calls, and its start spares a sixth of all processor time.
  "--compile-jit-policy=3",
  "--format=esm",
  "--splitting", // What is imported later is not even read at start.
  // The executable is started in folders of strangers: their files configure nothing.
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--asset-naming=[name].[ext]",
];
