/**
 * The bill of materials of a release: CycloneDX 1.6, as JSON.
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  type Native,
  PDFIUM,
  PDFIUM_PARTS,
  RIPGREP_PARTS,
  RUNTIME,
  RUNTIME_PARTS,
} from "../../lib/licenses/native.ts";
import type { InstalledPackage } from "../../lib/licenses/packages.ts";
import { TARGETS } from "../../lib/pack/targets.ts";

/** What the bill of materials is made from. */
export interface Materials {
  readonly program: {
    readonly name: string;
    readonly version: string;
    readonly license: string;
    readonly description: string;
  };
  /** The packages of npm inside the executable. */
  readonly packages: readonly InstalledPackage[];
  /** `packages` of package-lock.json: versions, and the hashes npm checks. */
  readonly lock: Readonly<Record<string, LockEntry | undefined>>;
}

/** An entry of package-lock.json. */
export interface LockEntry {
  readonly version?: string;
  readonly integrity?: string;
}

interface Component {
  readonly "bom-ref": string;
  readonly [key: string]: unknown;
}

/** Makes the bill. The same materials make the same bytes: it holds no time and no random number. */
export function billOfMaterials({ program, packages, lock }: Materials): Record<string, unknown> {
  const root = `pkg:generic/${program.name}@${program.version}`;
  const libraries = packages.map((each) => library(each, lock));
  // The lock file names those of platforms without an executable, too.
  const platforms = TARGETS.map((target) => target.name.replace(/-musl$/, "").replace(/^windows/, "win32"));
  const searchers = [...new Set(platforms)].sort().map((platform) =>
    `node_modules/@vscode/ripgrep-${platform}`
  );
  const natives = [
    native({ ...RUNTIME, path: "node_modules/bun", type: "platform" }, RUNTIME_PARTS, lock),
    ...searchers.map((path) => {
      const searcher = { name: path.slice("node_modules/".length), license: "MIT AND (MIT OR Unlicense)" };
      return native({ ...searcher, home: RIPGREP_HOME, path, type: "application" }, RIPGREP_PARTS, lock);
    }),
  ];
  const refOf = new Map(packages.map((each) => [each.folder, purl(each.name, each.version)]));
  const body = {
    metadata: {
      component: {
        type: "application",
        "bom-ref": root,
        name: program.name,
        version: program.version,
        description: program.description,
        licenses: licenses(program.license),
      },
    },
    components: [...libraries, ...natives],
    dependencies: [
      { ref: root, dependsOn: [...libraries, ...natives].map((component) => component["bom-ref"]) },
      ...packages.map(({ name, version, needs }) => ({
        ref: purl(name, version),
        dependsOn: needs.flatMap((folder) => refOf.get(folder) ?? []),
      })),
    ],
  };
  const serial = createHash("sha256").update(JSON.stringify(body)).digest("hex");
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    // A UUID of version 8 (RFC 9562): its bits are ours to choose.
    serialNumber: `urn:uuid:${
      [
        serial.slice(0, 8),
        serial.slice(8, 12),
        `8${serial.slice(13, 16)}`,
        `8${serial.slice(17, 20)}`,
        serial.slice(20, 32),
      ].join("-")
    }`,
    version: 1,
    ...body,
  };
}

/** The package that PDFium comes in. */
const PDFIUM_PACKAGE = "@hyzyla/pdfium";
const RIPGREP_HOME = "https://github.com/microsoft/vscode-ripgrep";

function library(each: InstalledPackage, lock: Materials["lock"]): Component {
  const reference = purl(each.name, each.version);
  const [group, name] = each.name.startsWith("@") ? each.name.split("/") : [undefined, each.name];
  return {
    type: "library",
    "bom-ref": reference,
    ...(group === undefined ? {} : { group }),
    name,
    version: each.version,
    purl: reference,
    licenses: licenses(each.license),
    hashes: hashes(lock[each.folder]),
    ...(each.name === PDFIUM_PACKAGE
      ? {
        components: [{
          ...part(PDFIUM, reference),
          components: PDFIUM_PARTS.map((inner) => part(inner, reference)),
        }],
      }
      : {}),
    ...(each.home === undefined ? {} : { externalReferences: [{ type: "website", url: each.home }] }),
  };
}

function native(
  main: Native & { readonly path: string; readonly type: string },
  parts: readonly Native[],
  lock: Materials["lock"],
): Component {
  const entry = lock[main.path];
  const version = entry?.version ?? "";
  const ref = purl(main.path.slice("node_modules/".length), version);
  return {
    type: main.type,
    "bom-ref": ref,
    name: main.name,
    version,
    purl: ref,
    licenses: licenses(main.license),
    hashes: hashes(entry),
    externalReferences: [{ type: "website", url: main.home }],
    components: parts.map((each) => part(each, ref)),
  };
}

/** Something inside of what has the reference. */
function part({ name, license, home }: Native, reference: string): Component {
  return {
    type: "library",
    "bom-ref": `${reference}#${name}`,
    name,
    licenses: licenses(license),
    externalReferences: [{ type: "website", url: home }],
  };
}

/** A package URL (package-url specification, type npm): the sign of a scope is escaped. */
function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function licenses(expression: string): unknown[] {
  // A reference of our own is an expression, but no identifier of the list of SPDX.
  return /^(?!LicenseRef-)[\w.+-]+$/.test(expression) ? [{ license: { id: expression } }] : [{ expression }];
}

/** npm's `sha512-<base64>` as CycloneDX writes hashes. */
function hashes(entry: LockEntry | undefined): unknown[] {
  const [, digest] = /^sha512-(.+)$/.exec(entry?.integrity ?? "") ?? [];
  return digest === undefined
    ? []
    : [{ alg: "SHA-512", content: Buffer.from(digest, "base64").toString("hex") }];
}
