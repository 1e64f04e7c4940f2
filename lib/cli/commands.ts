/**
 * The table of commands: dispatch and help follow from it.
 * @module
 */
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
    flags: [],
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
      "save. Type a call (weather city=Oslo, or one JSON object behind the name) to see its messages; it is " +
      "repeated when the file has changed. FILE is a path, or a name in the folder of tools.",
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
      { flag: "-o", metavar: "FILE", description: "the executable to write" },
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
