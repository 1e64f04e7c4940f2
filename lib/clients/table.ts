/**
 * The one table of clients: where each keeps its configuration, and how an entry looks there.
 * @module
 */
import { type Host, pathsOf } from "../config/host.ts";
import { UsageError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { Client, Place } from "./types.ts";

/** Most clients name the program `command`. */
const COMMAND = { command: "command", env: "env" };
const SERVERS = ["mcpServers"];

/** Every client, Claude Desktop first: it is the one that is meant when none is named. */
export const CLIENTS: readonly Client[] = [
  {
    // modelcontextprotocol.io, "Connect to local MCP servers"; the Store build redirects %APPDATA% into its
    // package folder and reads only that.
    id: "claude-desktop",
    title: "Claude Desktop",
    aliases: ["claude", "desktop"],
    format: "json",
    container: SERVERS,
    extras: () => ({}),
    keys: COMMAND,
    restart: "Quit Claude completely (not only its window) and start it again",
    places: (host, disk) => {
      const usual = inFolder(applicationData(host), host, ["Claude", "claude_desktop_config.json"]);
      if (host.platform !== "win32") return usual;
      const paths = pathsOf(host);
      const local = known(host, "LOCALAPPDATA") ?? under(host, "AppData", "Local");
      if (local === undefined) return usual;
      const packages = paths.join(local, "Packages");
      const store = disk.list(packages).filter((name) => /^Claude_/i.test(name)).sort();
      return [
        ...usual,
        ...store.map((name) => ({
          path: paths.join(
            packages,
            name,
            ...["LocalCache", "Roaming", "Claude", "claude_desktop_config.json"],
          ),
          sign: paths.join(packages, name),
          edition: "Store",
        })),
      ];
    },
  },
  {
    // code.claude.com/docs, "Connect Claude Code to tools via MCP": user scope is the top level of
    // ~/.claude.json, which CLAUDE_CONFIG_DIR moves.
    id: "claude-code",
    title: "Claude Code",
    aliases: ["code-cli"],
    format: "json",
    container: SERVERS,
    extras: () => ({ type: "stdio" }),
    keys: COMMAND,
    restart: "Start a new session of Claude Code; /mcp shows the server",
    places: (host) => {
      const folder = known(host, "CLAUDE_CONFIG_DIR");
      const file = folder === undefined
        ? under(host, ".claude.json")
        : pathsOf(host).join(folder, ".claude.json");
      return file === undefined ? [] : [{ path: file, sign: file }];
    },
  },
  {
    // cursor.com/docs, "Model Context Protocol": ~/.cursor/mcp.json is the global one.
    id: "cursor",
    title: "Cursor",
    aliases: [],
    format: "json",
    container: SERVERS,
    extras: () => ({}),
    keys: COMMAND,
    restart: "Restart Cursor; Settings, Tools & MCP shows the server",
    places: (host) => inFolder(under(host, ".cursor"), host, ["mcp.json"]),
  },
  {
    // code.visualstudio.com, "MCP configuration reference" and "User settings": mcp.json of the default
    // profile. Each edition has a folder of its own.
    id: "vscode",
    title: "VS Code",
    aliases: ["vs-code", "code", "visual-studio-code"],
    format: "jsonc",
    container: ["servers"],
    extras: () => ({ type: "stdio" }),
    keys: COMMAND,
    restart: 'Run "MCP: List Servers" in VS Code and start the server',
    places: (host) =>
      [
        ["Code", undefined],
        ["Code - Insiders", "Insiders"],
        ["VSCodium", "VSCodium"],
      ].flatMap(([name = "", edition]) =>
        inFolder(applicationData(host), host, [name, "User", "mcp.json"]).map((place) => ({
          ...place,
          ...(edition === undefined ? {} : { edition }),
        }))
      ),
  },
  {
    // docs.windsurf.com, "Cascade MCP Integration".
    id: "windsurf",
    title: "Windsurf",
    aliases: [],
    format: "json",
    container: SERVERS,
    extras: () => ({}),
    keys: COMMAND,
    restart: "Press Refresh in Windsurf's MCP settings, or restart it",
    places: (host) => inFolder(under(host, ".codeium", "windsurf"), host, ["mcp_config.json"]),
  },
  {
    // zed.dev/docs, "Configuring Zed" (settings.json, also on macOS in ~/.config) and "Model Context
    // Protocol" (context_servers).
    id: "zed",
    title: "Zed",
    aliases: [],
    format: "jsonc",
    container: ["context_servers"],
    // Editions of 2025 refuse an entry that does not say where it comes from; later ones ignore it.
    extras: () => ({ source: "custom" }),
    keys: COMMAND,
    restart: "Zed starts it at once; the Agent panel's settings show the server",
    places: (host) => {
      const folder = host.platform === "win32"
        ? known(host, "APPDATA") ?? under(host, "AppData", "Roaming")
        : xdg(host);
      const name = host.platform === "win32" ? "Zed" : "zed";
      return inFolder(folder, host, [name, "settings.json"]);
    },
  },
  {
    // developers.openai.com/codex, "Model Context Protocol": CODEX_HOME moves ~/.codex.
    id: "codex",
    title: "Codex",
    aliases: ["openai-codex"],
    format: "toml",
    container: ["mcp_servers"],
    extras: () => ({}),
    keys: COMMAND,
    restart: "Start a new session of Codex; /mcp shows the server",
    places: (host) => inFolder(known(host, "CODEX_HOME") ?? under(host, ".codex"), host, ["config.toml"]),
  },
  {
    // geminicli.com/docs, "MCP servers with Gemini CLI" and "Configuration": the user's settings.json.
    id: "gemini",
    title: "Gemini CLI",
    aliases: ["gemini-cli"],
    format: "jsonc",
    container: SERVERS,
    extras: () => ({}),
    keys: COMMAND,
    restart: "Start Gemini CLI again; /mcp shows the server",
    places: (host) => inFolder(under(host, ".gemini"), host, ["settings.json"]),
  },
  {
    // block.github.io/goose, "Configuration Overview" and "Using Extensions".
    id: "goose",
    title: "Goose",
    aliases: [],
    format: "yaml",
    container: ["extensions"],
    extras: (name) => ({ name, type: "stdio", enabled: true, timeout: 300 }),
    keys: { command: "cmd", env: "envs" },
    restart: "Start a new Goose session",
    places: (host) =>
      host.platform === "win32"
        ? inFolder(known(host, "APPDATA") ?? under(host, "AppData", "Roaming"), host, [
          ...["Block", "goose", "config", "config.yaml"],
        ])
        : inFolder(xdg(host), host, ["goose", "config.yaml"]),
  },
];

/**
 * The client of a name as a person writes it: `Claude Desktop`, `vs-code`.
 * @throws {UsageError} naming the nearest.
 */
export function findClient(name: string): Client {
  const wanted = name.trim().toLowerCase().replace(/[\s_]+/g, "-");
  const found = CLIENTS.find(({ id, aliases }) => id === wanted || aliases.includes(wanted));
  if (found !== undefined) return found;
  const ids = CLIENTS.map(({ id }) => id);
  const near = nearest(wanted, ids, 1).map((id) => `Did you mean "${id}"? `).join("");
  throw new UsageError(`Unknown client "${name}"\n${near}The clients are ${ids.join(", ")}`);
}

/** The place of a file below a folder; its sign is the folder it stands in. */
function inFolder(folder: string | undefined, host: Host, names: readonly string[]): Place[] {
  if (folder === undefined) return [];
  const paths = pathsOf(host);
  const path = paths.join(folder, ...names);
  return [{ path, sign: paths.dirname(path) }];
}

/** Where programs with windows keep the settings of a person. */
function applicationData(host: Host): string | undefined {
  if (host.platform === "darwin") return under(host, "Library", "Application Support");
  if (host.platform === "win32") return known(host, "APPDATA") ?? under(host, "AppData", "Roaming");
  return xdg(host);
}

/** XDG Base Directory Specification 0.8: a relative value is ignored. */
function xdg(host: Host): string | undefined {
  return known(host, "XDG_CONFIG_HOME") ?? under(host, ".config");
}

function under(host: Host, ...names: string[]): string | undefined {
  return host.home && pathsOf(host).join(host.home, ...names);
}

function known(host: Host, variable: string): string | undefined {
  const value = host.env[variable];
  return value !== undefined && pathsOf(host).isAbsolute(value) ? value : undefined;
}
