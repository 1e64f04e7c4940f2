/**
 * The table of commands: dispatch and help follow from it.
 * @module
 */
import { FOLDER_FLAGS } from "../config/flags.ts";
import type { Command } from "./command.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: "serve",
    operands: "",
    summary: "serve Claude over standard input and output",
    about: [
      "This is what Claude Desktop starts. Flags without a command serve, too.",
      "A folder that cannot be used now (an unplugged disk) is left out with a warning;",
      "without any folder, the tools for files explain how to allow one.",
    ].join(" "),
    flags: FOLDER_FLAGS,
    examples: [
      {
        does: "two folders, one of them for reading only",
        line: "serve --allow ~/Documents --allow ~/Music:ro",
      },
      {
        does: "only the readers of two modules",
        line: "serve --allow ~/code --modules files,search --read-only",
      },
    ],
    load: async () => (await import("./serve.ts")).serve,
  },
  {
    name: "install",
    operands: "[CLIENT…]",
    summary: "tell Claude Desktop, or another client, to start this program",
    about: [
      "Clients: claude-desktop (when none is named), claude-code, cursor, vscode, windsurf, zed, codex,",
      "gemini, goose; all means every one on this computer. Comments and everything else in their files",
      "stay, a backup is kept, and the entry is started once to prove that it works. The flags of the server",
      "given here are written into the entry; without any, an entry that is there keeps its own. On a",
      "terminal it asks first. Entries that start the official servers for files, fetch, git, memory, time",
      "and thinking can be replaced.",
    ].join(" "),
    flags: [
      { flag: "--name", metavar: "N", description: "the name of the entry; clawhammer unless given" },
      {
        flag: "--migrate",
        description: "replace entries of official servers; their folders and memories stay",
      },
      { flag: "--no-migrate", description: "leave entries of official servers alone, and do not ask" },
      { flag: "--dry-run", description: "print what would change, and write nothing" },
      { flag: "--yes", description: "do not ask" },
    ],
    examples: [
      { does: "Claude Desktop, with one folder", line: "install --allow ~/Documents" },
      { does: "two clients, reading only", line: "install cursor codex --allow ~/code --read-only" },
      { does: "what would change", line: "install --dry-run --allow ~/Documents --migrate" },
    ],
    load: async () => (await import("./install.ts")).install,
  },
  {
    name: "uninstall",
    lenient: true,
    operands: "[CLIENT…]",
    summary: "take back what install did",
    about:
      "A file that is as the installation left it becomes what it was, byte for byte; from any other the " +
      "entry is removed, and entries that were replaced come back.",
    flags: [
      { flag: "--name", metavar: "N", description: "the name of the entry; clawhammer unless given" },
      { flag: "--dry-run", description: "print what would change, and write nothing" },
      { flag: "--yes", description: "do not ask" },
    ],
    examples: [
      { does: "from Claude Desktop", line: "uninstall" },
      { does: "from every client on this computer", line: "uninstall all" },
    ],
    load: async () => (await import("./uninstall.ts")).uninstall,
  },
  {
    name: "call",
    operands: "TOOL [JSON | key=value …]",
    summary: "call one tool, exactly as Claude would",
    about: [
      "Arguments are one JSON object, or key=value pairs: a value that is a list or an object is JSON,",
      "a key may be dotted (edits.0.oldText=a), and repeated keys make a list.",
      "The text of the reply goes to standard output. A refusal goes to standard error and exits with 1.",
      "Ctrl-C cancels the call.",
    ].join(" "),
    flags: [{
      flag: "--out",
      metavar: "FILE",
      description: "write the image or sound of the reply to FILE, or its text when there is none",
    }],
    examples: [
      { does: "the last ten lines of a file", line: "call read_file path=notes.txt offset=-10 --allow ." },
      { does: "the same call as JSON", line: `call read_file '{"path":"notes.txt","offset":-10}' --allow .` },
      { does: "save an image", line: "call read_file path=logo.png --out copy.png --allow ." },
    ],
    load: async () => (await import("./call.ts")).call,
  },
  {
    name: "tools",
    operands: "",
    summary: "show the tools Claude sees, and what they cost",
    about: "",
    flags: [
      { flag: "--json", description: "print them as tools/list sends them" },
      { flag: "--markdown", description: "print the reference of all tools and prompts" },
      { flag: "--tokens", description: "print the size of each, which every conversation pays" },
    ],
    examples: [
      { does: "what is left when nothing may change", line: "tools --read-only" },
      { does: "what two modules cost", line: "tools --tokens --modules files,search" },
    ],
    load: async () => (await import("./tools.ts")).tools,
  },
  {
    name: "changes",
    operands: "",
    summary: "show what Claude changed in your files",
    about: "The newest changes first, wherever they were made, each with the number by which it is undone. " +
      "Changes are kept for 30 days, as long as what they need takes less than 1 GiB.",
    flags: [
      { flag: "--limit", metavar: "N", description: "show N changes; 20 unless given" },
      { flag: "--diff", description: "show what changed in text files" },
      { flag: "--json", description: "print them as JSON" },
    ],
    examples: [{ does: "what the last three changes did", line: "changes --limit 3 --diff" }],
    load: async () => (await import("./changes.ts")).changes,
  },
  {
    name: "undo",
    operands: "[ID]",
    summary: "take back what Claude changed",
    about:
      "Takes back the change of that number, or the newest one. Nothing is overwritten: where a file has " +
      "changed since, the undo is refused. An undo is a change itself and can be undone by its own " +
      "number. It works in the folder that was allowed when the change was made, so --allow need not be " +
      "repeated. On a terminal it asks first.",
    flags: [
      { flag: "--last", metavar: "N", description: "take back the newest N changes" },
      {
        flag: "--since",
        metavar: "TIME",
        description: "take back everything since then: 30s, 45m, 2h or 7d",
      },
      { flag: "--yes", description: "do not ask" },
    ],
    examples: [
      { does: "the newest change", line: "undo" },
      { does: "everything of the last hour", line: "undo --since 1h" },
    ],
    load: async () => (await import("./undo.ts")).undo,
  },
  {
    name: "new",
    operands: "NAME",
    summary: "write a tool of your own to begin with",
    about: "Writes NAME.ts into the folder of your own tools, and clawhammer.d.ts beside it, with which an " +
      "editor completes and checks it. It works as it is; change it into what you need. Nothing is " +
      "overwritten.",
    flags: [],
    forMaking: true,
    examples: [{ does: "a tool called weather", line: "new weather" }],
    load: async () => (await import("./new.ts")).newTool,
  },
  {
    name: "dev",
    operands: "[FILE …]",
    summary: "show what Claude sees of your own tools, and call them while you write them",
    about:
      "Shows each tool as Claude gets it, what that costs, and what is wrong with its file, whenever you " +
      "save. Type a call (weather city=Oslo, or one JSON object behind the name) to see its messages; it " +
      "is repeated when the file has changed. FILE is a path, or a name in the folder of tools.",
    flags: [],
    forMaking: true,
    examples: [{ does: "while you write weather.ts", line: "dev weather" }],
    load: async () => (await import("./dev.ts")).dev,
  },
  {
    name: "test",
    operands: "[FILE …]",
    summary: "make the calls that the examples of your own tools show",
    about: "Compares each answer with what its example expects, and exits with 1 when one differs, when a " +
      "file cannot be used, or when there is no example. Without FILE, all files of the folder are tested.",
    flags: [],
    forMaking: true,
    examples: [{ does: "the examples of weather.ts", line: "test weather" }],
    load: async () => (await import("./test.ts")).test,
  },
  {
    name: "logs",
    operands: "",
    summary: "show Clawhammer's own log",
    about: [
      "Every call stands there with its tool, how long it took, the size of the answer and how it ended;",
      "arguments only where the server runs with --log-level debug.",
      "Secrets are taken out before a line is written.",
    ].join(" "),
    flags: [
      { flag: "--limit", metavar: "N", description: "show the newest N lines; 100 unless given" },
      { flag: "--level", metavar: "LEVEL", description: "show only debug, info, warn or error and above" },
      { flag: "--follow", description: "go on with new lines as they are written; Ctrl-C ends" },
    ],
    examples: [
      { does: "what went wrong lately", line: "logs --level warn --limit 20" },
      { does: "watch what Claude does", line: "logs --follow" },
    ],
    load: async () => (await import("./logs.ts")).logs,
  },
  {
    name: "pack",
    operands: "",
    summary: "make a bundle that Claude Desktop installs with a double click",
    about: [
      "The bundle (.mcpb) holds this executable, or those of --from, and asks the person for folders and",
      "whether to read only. What --config and flags say is the policy: it is baked in, and what it says is",
      "not asked. Paths in it are absolute or start with ~, which is the home of whoever opens the bundle.",
      "Targets: linux-x64, linux-arm64, linux-x64-musl, linux-arm64-musl, darwin-x64, darwin-arm64,",
      "windows-x64, windows-arm64.",
    ].join(" "),
    flags: [
      {
        flag: "--out",
        short: "-o",
        metavar: "FILE",
        description: "the bundle; a name with the version unless given",
      },
      {
        flag: "--target",
        metavar: "OS-ARCH",
        repeatable: true,
        description: "a platform; repeatable; this one unless given",
      },
      {
        flag: "--from",
        metavar: "DIR",
        description: "the folder with the executables of the release, for other platforms",
      },
      { flag: "--name", metavar: "NAME", description: "what programs call it; clawhammer unless given" },
      { flag: "--title", metavar: "TEXT", description: "what people read in Claude's settings" },
      {
        flag: "--version",
        metavar: "1.2.3",
        description: "the version of the bundle; Clawhammer's own unless given",
      },
    ],
    examples: [
      { does: "for this machine, with a policy", line: "pack --config policy.json -o team.mcpb" },
      {
        does: "for two systems, and only for reading",
        line: "pack --read-only --from dist --target darwin-arm64 --target windows-x64",
      },
    ],
    load: async () => (await import("./pack.ts")).pack,
  },
  {
    name: "doctor",
    lenient: true,
    operands: "",
    summary: "check everything you could trip over, and say how to mend it",
    about: [
      "Checks the executable, its configuration, that of every client and what it starts, the allowed",
      "folders, other programs, disk and journal, the cost of the tools, and recent errors.",
      "It changes nothing. Exits with 0 when nothing is wrong, with 1 otherwise.",
    ].join(" "),
    flags: [
      { flag: "--json", description: "print the findings as JSON" },
      {
        flag: "--bundle",
        metavar: "FILE",
        description: "also write all that a bug report needs into FILE, without names and secrets",
      },
    ],
    examples: [
      { does: "is everything in order?", line: "doctor" },
      { does: "a text to send with a bug report", line: "doctor --bundle report.txt" },
    ],
    load: async () => (await import("./doctor.ts")).doctor,
  },
  {
    name: "trust",
    operands: "FILE …",
    summary: "trust a tool of your own as it is now",
    about:
      "With --pin-tools a tool of your own is remembered when it is used first, and refused when its file " +
      "has changed, until you trust it again. FILE is its path, or its name in the folder of tools.",
    flags: [],
    forMaking: true,
    examples: [{ does: "after you changed it", line: "trust weather.ts" }],
    load: async () => (await import("./trust.ts")).trust,
  },
  {
    name: "build",
    operands: "FILE | DIR …",
    summary: "make an executable of your own, with your tools inside",
    about:
      "FILE is a file of tools, DIR a folder of them; packages of a node_modules beside them come along. " +
      "The result is for this kind of machine and needs nothing else: it serves, calls and helps like this " +
      "program, under its own name and version. Nothing is downloaded.",
    flags: [
      { flag: "--out", short: "-o", metavar: "FILE", description: "the executable to write" },
      {
        flag: "--name",
        metavar: "NAME",
        description: "what it is called; the name of its file unless given",
      },
      {
        flag: "--version",
        metavar: "V",
        description: "its version; of package.json beside the tools, or 1.0.0",
      },
    ],
    forMaking: true,
    examples: [
      { does: "a server with two tools", line: "build weather.ts tides.ts -o coast" },
      { does: "with modules of clawhammer", line: "build tools --modules files,search -o my-server" },
    ],
    load: async () => (await import("./build.ts")).buildServer,
  },
];
