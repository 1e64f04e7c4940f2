/**
 * The repositories in the allowed folders as resources: reading one tells how things are there.
 * @module
 */
import { basename, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ToolError } from "../../lib/errors.ts";
import { COMPLETIONS_MAX } from "../../lib/limits.ts";
import { showName } from "../../lib/names.ts";
import type { Context, ResourceProvider } from "../../lib/tool.ts";
import { statusText } from "./status.ts";

const SCHEME = "git+";

/** Repositories, found by looking around in the allowed folders. */
export const gitResources: ResourceProvider = {
  templates: [{
    uriTemplate: "git+file:///{+path}",
    name: "repository",
    title: "Git repository",
    description: "How things are in a git repository inside the allowed folders, by its absolute path",
    mimeType: "text/plain",
    async complete(variable, value, ctx) {
      if (variable !== "path") return [];
      const paths = await repositoryPaths(ctx);
      const typed = value.replace(/^\//, "").toLowerCase();
      return paths.map((path) => path.split(sep).join("/").replace(/^\//, ""))
        .filter((path) => path.toLowerCase().includes(typed)).slice(0, COMPLETIONS_MAX);
    },
  }],
  async list(_cursor, ctx) {
    const found = await ctx.git.discover(ctx.signal);
    return {
      resources: found.map(({ path, bare }) => ({
        uri: SCHEME + pathToFileURL(path).href,
        name: showName(basename(path) || path),
        title: showName(path),
        description: bare ? "Bare git repository" : "Git repository",
        mimeType: "text/plain",
      })),
    };
  },
  async read(uri, ctx) {
    if (!uri.toLowerCase().startsWith("git+file:")) return undefined;
    const path = ctx.files.resolve(pathOf(uri));
    return [{ uri, mimeType: "text/plain", text: await statusText(path, ctx) }];
  },
};

/** The paths of the repositories in the allowed folders. */
export async function repositoryPaths(ctx: Context): Promise<string[]> {
  return (await ctx.git.discover(ctx.signal)).map(({ path }) => path);
}

function pathOf(uri: string): string {
  try {
    return fileURLToPath(uri.slice(SCHEME.length));
  } catch {
    throw new ToolError(
      `Cannot read "${showName(uri.slice(0, 300))}": it names no folder`,
      'Resources of repositories are called like "git+file:///home/ada/project".',
    );
  }
}
