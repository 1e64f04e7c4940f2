/**
 * The little program that picks the right executable where a bundle holds several for one system: a manifest
 * tells systems apart, but not processors.
 * @module
 */
import type { Target } from "./targets.ts";

/**
 * A POSIX shell script that becomes the executable of this machine.
 * @param programs The executables beside the script, each with the platform it is for.
 */
export function launcher(programs: readonly { readonly target: Target; readonly file: string }[]): string {
  const cases = programs.map(({ target, file }) => {
    return `  ${target.machine}-${target.musl ? "musl" : "other"}) program=${file} ;;`;
  });
  return `#!/bin/sh
# Starts the executable for the processor of this machine.
machine=$(uname -m)
libc=other
case "$(ldd --version 2>&1)" in *musl*) libc=musl ;; esac
case "$machine-$libc" in
${cases.join("\n")}
  *)
    echo "clawhammer: this bundle holds no executable for $machine ($(uname -s), C library: $libc)" >&2
    exit 1
    ;;
esac
exec "\${0%/*}/$program" "$@"
`;
}
