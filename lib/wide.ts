/**
 * Folders that hold nearly everything: allowing one is allowed, but never by accident.
 * @module
 */
import { type Host, pathsOf } from "./config/host.ts";
import { type Allowed, realOf } from "./fs/roots.ts";

/** What such a folder is: `your whole home folder`; undefined for any other. */
export function breadthOf(path: string, host: Host): string | undefined {
  const paths = pathsOf(host);
  const real = realOf(path);
  if (paths.dirname(real) === real) return "the whole disk";
  if (host.home === undefined) return undefined;
  const inside = paths.relative(real, realOf(host.home));
  if (inside === "") return "your whole home folder";
  return inside.startsWith("..") || paths.isAbsolute(inside) ? undefined : "the folder of all home folders";
}

/** What allowing such a folder means, as a sentence; undefined for any other. */
export function breadthWarning({ path, readOnly }: Allowed, host: Host): string | undefined {
  const breadth = breadthOf(path, host);
  return breadth && `"${path}" is ${breadth}: Claude could read${readOnly ? "" : " and change"} almost ` +
      "everything you can, also mail, browser profiles and the settings of other programs";
}
