/**
 * `server.json`: how the registry of the Model Context Protocol describes a server (schema of 2025-12-11).
 * @module
 */

/** What the registry is told. */
export interface Registration {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** The address of the sources, on GitHub: it gives the namespace, and where the bundle is. */
  readonly repository: string;
  /** The bundle that runs on every system: its file name and SHA-256 in hexadecimal. */
  readonly bundle: { readonly name: string; readonly sha256: string };
}

/** The address below which the files of releases are. */
export function releasesOf(repository: string): string {
  return `${repository}/releases`;
}

/** Characters of a description in the registry. */
const DESCRIPTION_CHARS_MAX = 100;

/** Makes `server.json`. A bundle is named by its address, and checked by its hash. */
export function registration(given: Registration): Record<string, unknown> {
  const [, owner = ""] = /^https:\/\/github\.com\/([\w.-]+)\/[\w.-]+$/.exec(given.repository) ?? [];
  if (owner === "") {
    throw new Error(`repository in package.json is no address on GitHub: ${given.repository}`);
  }
  const { name, version, repository, bundle } = given;
  return {
    $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
    name: `io.github.${owner}/${name}`,
    title: "Clawhammer",
    description: shortened(given.description),
    version,
    repository: { url: repository, source: "github" },
    websiteUrl: repository,
    packages: [{
      registryType: "mcpb",
      identifier: `${releasesOf(repository)}/download/v${version}/${bundle.name}`,
      version,
      fileSha256: bundle.sha256,
      transport: { type: "stdio" },
    }],
  };
}

/** The description as far as whole words of it fit. */
function shortened(text: string): string {
  if (text.length <= DESCRIPTION_CHARS_MAX) return text;
  const cut = text.slice(0, DESCRIPTION_CHARS_MAX - 1);
  return `${cut.slice(0, cut.lastIndexOf(" ")).replace(/[\s,:;]+$/, "")}…`;
}
