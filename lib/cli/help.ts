/**
 * Help, rendered from the tables of commands and options.
 * @module
 */
import { CONFIG_FILE } from "../config.ts";
import { type Flag, sharedFlags } from "../config/flags.ts";
import { type Host, pathsOf, platformFolders } from "../config/host.ts";
import { KEYS, OPTIONS, variableOf } from "../config/options.ts";
import type { Module } from "../tool.ts";
import { builtWith, name, version } from "../version.ts";
import type { Command } from "./command.ts";
import { columns, wrap } from "./output.ts";

const WIDTH = 90;

/** The help of the whole program. */
export function renderHelp(commands: readonly Command[], modules: readonly Module[], host: Host): string {
  const what = builtWith === undefined ? "safe hands for Claude on this computer" : `built with ${builtWith}`;
  return [
    `${name} ${version}: ${what}`,
    `Usage: ${name} COMMAND [flags]\n       ${name} [flags]    the same as "${name} serve [flags]"`,
    section(
      "Commands",
      commands.map((command) => [`${command.name} ${command.operands}`.trim(), command.summary]),
    ),
    section("Flags of every command", flagRows([...sharedFlags(), ...GENERAL])),
    moduleLine(modules),
    sources(host),
    examples(commands.flatMap((command) => command.examples.slice(0, 1))),
    `"${name} COMMAND --help" says more about a command.`,
  ].join("\n\n") + "\n";
}

/** The help of one command. */
export function renderCommandHelp(command: Command, modules: readonly Module[], host: Host): string {
  const parts = [
    `Usage: ${name} ${command.name} ${command.operands === "" ? "" : `${command.operands} `}[flags]`,
    wrap(sentence(command.summary), WIDTH, 0).join("\n") +
    (command.about && `\n${wrap(command.about, WIDTH, 0).join("\n")}`),
    command.flags.length > 0 ? section(`Flags of ${command.name}`, flagRows(command.flags)) : "",
    section("Flags of every command", flagRows([...sharedFlags(), ...GENERAL])),
    moduleLine(modules),
    sources(host),
    examples(command.examples),
  ];
  return parts.filter((part) => part !== "").join("\n\n") + "\n";
}

const GENERAL: readonly Flag[] = [
  { flag: "--help, -h", description: "show help" },
  { flag: "--version", description: "show the version" },
  { flag: "--licenses", description: "show the licences of everything inside the executable" },
];

function flagRows(flags: readonly Flag[]): [string, string][] {
  return flags.map(({ flag, short, metavar, description }) => {
    const names = short === undefined ? flag : `${flag}, ${short}`;
    return [metavar === undefined ? names : `${names} ${metavar}`, description];
  });
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  return `${title}:\n${columns(rows, WIDTH).trimEnd()}`;
}

function moduleLine(modules: readonly Module[]): string {
  return wrap(`Modules: ${modules.map((module) => module.name).join(", ")}.`, WIDTH, 0).join("\n");
}

/** The other ways to set an option, and which one wins. */
function sources(host: Host): string {
  const { config } = platformFolders(host);
  const path = config === undefined ? "a file given with --config" : pathsOf(host).join(config, CONFIG_FILE);
  const keys = KEYS.filter((key) => OPTIONS[key].inFile).join(", ");
  const lists = `${variableOf("allow")} separates folders like PATH`;
  return [
    `A flag wins over its variable, a variable over the file, and a list replaces a list.`,
    `Variables: ${KEYS.map(variableOf).join(", ")}. ${lists}.`,
    `File (JSON with comments): ${path}. Its keys: ${keys}.`,
  ].flatMap((line) => wrap(line, WIDTH, 0)).join("\n");
}

function examples(list: Command["examples"]): string {
  return `Examples:\n${list.map(({ does, line }) => `  # ${does}\n  ${name} ${line}`).join("\n")}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
