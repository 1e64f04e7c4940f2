/**
 * `clawhammer --licenses`: the licences of everything inside the executable.
 * @module
 */
import { embeddedFile, sourceFolder } from "../runtime.ts";
import { license, name, version } from "../version.ts";
import {
  type Native,
  PDFIUM,
  PDFIUM_PARTS,
  RIPGREP,
  RIPGREP_PARTS,
  RUNTIME,
  RUNTIME_PARTS,
} from "./native.ts";
import { dependenciesOf, type InstalledPackage, readPackage } from "./packages.ts";

/** The embedded file that a build puts the text into. The compiler embeds no `.txt` as it is. */
export const LICENSES_NAME = "licenses.bin";

/** The text that the build has embedded; from source, the one that a build would embed. */
export async function licenses(): Promise<string> {
  const embedded = embeddedFile(LICENSES_NAME);
  if (embedded !== undefined) return await embedded.text();
  const root = sourceFolder();
  if (root === undefined) throw new Error("the executable was built without its licences");
  return await collectLicenses(root, await dependenciesOf(root));
}

/**
 * Puts the text together, from what is installed.
 * @param root The folder of the source.
 * @param packages The packages of npm inside the executable.
 */
export async function collectLicenses(root: string, packages: readonly InstalledPackage[]): Promise<string> {
  const bun = await readPackage(root, "node_modules/bun");
  const ripgrep = await readPackage(root, "node_modules/@vscode/ripgrep");
  return [
    `${name} ${version} is under the ${license} licence. Inside its executable are:\n`,
    list([
      ...packages.map((each) => `${each.name} ${each.version}: ${each.license}`),
      `${RIPGREP.name}: ${RIPGREP.license}, from ${ripgrep.name} ${ripgrep.version}: ${ripgrep.license}`,
      `${PDFIUM.name}: ${PDFIUM.license}`,
      `${RUNTIME.name} ${bun.version}: ${RUNTIME.license}`,
    ]),
    ...packages.map(section),
    section(ripgrep),
    natives(RIPGREP, RIPGREP_PARTS),
    natives(PDFIUM, PDFIUM_PARTS),
    natives({ ...RUNTIME, name: `${RUNTIME.name} ${bun.version}` }, RUNTIME_PARTS),
    "What is under the LGPL can be exchanged: the source of Bun says how it is built with another\n" +
    `JavaScriptCore or TinyCC, and the source of ${name} is built with that Bun by "npm run build".`,
  ].join("\n") + "\n";
}

const RULE = "-".repeat(80);

function section({ name: title, version: number, license: id, home, texts }: InstalledPackage): string {
  const heading = [`${title} ${number}`, `Licence: ${id}`, ...(home === undefined ? [] : [home])];
  return `${RULE}\n${heading.join("\n")}\n\n${texts.join("\n\n")}\n`;
}

function natives(main: Native, parts: readonly Native[]): string {
  const line = ({ name: title, license: id, home }: Native) => `${title}: ${id}. ${home}`;
  return `${RULE}\n${line(main)}\nIt links:\n\n${list(parts.map(line))}`;
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}\n`).join("");
}
