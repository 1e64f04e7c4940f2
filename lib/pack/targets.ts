/**
 * The platforms an executable is built for, as its name says: `clawhammer-linux-x64-musl`.
 * @module
 */
import { name as program } from "../version.ts";

/** An operating system in the words of a bundle (MCPB manifest, `compatibility.platforms`). */
export type System = "darwin" | "win32" | "linux";

/** A platform: `linux-x64`, `windows-arm64`, `linux-arm64-musl`. */
export interface Target {
  readonly name: string;
  readonly system: System;
  /** `uname -m` as this processor answers; empty on Windows, which does not ask. */
  readonly machine: string;
  readonly musl: boolean;
  /** The first bytes of an executable of this system. */
  readonly magic: readonly number[];
}

/** ELF, Mach-O of 64 bits as little-endian machines store it, and the "MZ" of Windows. */
const MAGIC = { linux: [0x7f, 0x45, 0x4c, 0x46], darwin: [0xcf, 0xfa, 0xed, 0xfe], win32: [0x4d, 0x5a] };

/** Every platform. */
export const TARGETS: readonly Target[] = [
  target("linux", "x64"),
  target("linux", "arm64"),
  target("linux", "x64", true),
  target("linux", "arm64", true),
  target("darwin", "x64"),
  target("darwin", "arm64"),
  target("win32", "x64"),
  target("win32", "arm64"),
];

/** The name of an executable's file: `clawhammer-windows-x64.exe`. */
export function executableName({ name, system }: Pick<Target, "name" | "system">): string {
  return `${program}-${name}${system === "win32" ? ".exe" : ""}`;
}

/** The platform this process runs on, as far as it is one of ours. */
export function thisTarget(musl: boolean): Target | undefined {
  return TARGETS.find((each) => {
    const processor = each.name.split("-")[1];
    return each.system === process.platform && processor === process.arch && each.musl === musl;
  });
}

function target(system: System, processor: "x64" | "arm64", musl = false): Target {
  const machine = processor === "x64" ? "x86_64" : system === "darwin" ? "arm64" : "aarch64";
  const os = system === "win32" ? "windows" : system;
  return {
    name: `${os}-${processor}${musl ? "-musl" : ""}`,
    system,
    machine: system === "win32" ? "" : machine,
    musl,
    magic: MAGIC[system],
  };
}
