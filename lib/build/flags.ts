/**
 * How executables are compiled: Clawhammer itself, and what people build with it.
 * @module
 */

/** The flags of `bun build`. */
export const COMPILER_FLAGS: readonly string[] = [
  "--compile",
  "--minify",
  "--bytecode", // Spares the parser at start: about 30 of 90 ms.
  // Until the first call (`endStart`), functions run three times as often before they are compiled further:
  // that spares a sixth of the processor time of a start.
  "--compile-jit-policy=3",
  "--format=esm",
  "--splitting", // What is imported later is not even read at start.
  // The executable is started in folders of strangers: their files configure nothing.
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--asset-naming=[name].[ext]",
];
