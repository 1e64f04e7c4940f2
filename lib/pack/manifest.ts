/**
 * The manifest of a bundle for Claude Desktop (MCPB manifest, version 0.3).
 * @module
 */
import type { AnyTool, Prompt } from "../tool.ts";
import { ICON_SIZE } from "./icon.ts";
import type { System } from "./targets.ts";

/** What a bundle is to be. */
export interface Bundle {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly description: string;
  /** Undefined in what somebody else made. */
  readonly license: string | undefined;
  readonly author: string;
  /** The address of the sources, when there is one. */
  readonly repository: string | undefined;
  readonly tools: readonly AnyTool[];
  readonly prompts: readonly Prompt[];
  /** What is started on each system: a path inside the bundle. */
  readonly programs: ReadonlyMap<System, string>;
  /** The file with the policy inside the bundle. */
  readonly policy: string | undefined;
  /** What the person is asked, because the policy does not say it. */
  readonly asks: { readonly folders: boolean; readonly readOnly: boolean };
}

/** The icon inside the bundle. */
export const ICON_NAME = "icon.png";

/** Makes the manifest. */
export function manifestOf(bundle: Bundle): Record<string, unknown> {
  const systems = [...bundle.programs.keys()];
  return {
    manifest_version: "0.3",
    name: bundle.name,
    display_name: bundle.title,
    version: bundle.version,
    description: bundle.description,
    author: { name: bundle.author },
    ...(bundle.repository === undefined ? {} : {
      repository: { type: "git", url: bundle.repository },
      homepage: bundle.repository,
    }),
    ...(bundle.license === undefined ? {} : { license: bundle.license }),
    icon: ICON_NAME,
    icons: [{ src: ICON_NAME, size: `${ICON_SIZE}x${ICON_SIZE}` }],
    server: serverOf(bundle),
    tools: bundle.tools.map(({ name, description }) => ({ name, description })),
    prompts: bundle.prompts.map((prompt) => ({
      name: prompt.name,
      description: prompt.description,
      arguments: prompt.arguments.map((argument) => argument.name),
      text: promptText(prompt),
    })),
    compatibility: { platforms: systems },
    user_config: userConfig(bundle),
  };
}

/** The command of the first system stands for hosts that know no overrides. */
function serverOf({ programs, policy, asks }: Bundle): Record<string, unknown> {
  const commands = [...programs].map(([system, path]) => [system, `\${__dirname}/${path}`] as const);
  const args = [
    "serve",
    ...(policy === undefined ? [] : ["--config", `\${__dirname}/${policy}`]),
    ...(asks.readOnly ? ["--read-only=${user_config.read_only}"] : []),
    // Hosts put a list in the place of a whole argument: these flags take as many folders as follow.
    ...(asks.folders
      ? ["--folders", "${user_config.folders}", "--read-folders", "${user_config.read_folders}"]
      : []),
  ];
  return {
    type: "binary",
    entry_point: [...programs.values()][0],
    mcp_config: {
      command: commands[0]?.[1],
      args,
      platform_overrides: Object.fromEntries(commands.map(([system, command]) => [system, { command }])),
    },
  };
}

function userConfig({ asks }: Bundle): Record<string, unknown> {
  const folder = { type: "directory", multiple: true };
  return {
    ...(asks.folders
      ? {
        folders: {
          ...folder,
          title: "Folders to work in",
          description: "Claude can read and change what is in these folders, and undo its changes.",
          // Hosts then ask before the first start: without a folder, most tools have nothing to do.
          required: true,
        },
        read_folders: {
          ...folder,
          title: "Folders to read only",
          description: "Claude can read what is in these folders, and change nothing there.",
          required: false,
        },
      }
      : {}),
    ...(asks.readOnly
      ? {
        read_only: {
          type: "boolean",
          title: "Read only everywhere",
          description: "Offer Claude only the tools that change nothing.",
          required: false,
          default: false,
        },
      }
      : {}),
  };
}

/**
 * The text a host may send by itself. The server renders the prompt in full, which needs the folders of the
 * person; this asks for the same in a sentence.
 */
function promptText(prompt: Prompt): string {
  const given = prompt.arguments.map(({ name }) => `\n${name}: \${arguments.${name}}`).join("");
  return `${prompt.title}. ${prompt.description}.${given}`;
}
