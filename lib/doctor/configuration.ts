/**
 * Our own configuration: the file and the variables.
 * @module
 */
import type { Config } from "../config.ts";
import type { Check, Finding } from "./types.ts";

/** What is wrong with the configuration, which every other command would refuse to run with. */
export const configuration: Check = {
  name: "configuration",
  title: "Configuration",
  examine({ config, clients, faults }) {
    const wrong = faults.map((fault) => {
      const [what = "", ...next] = fault.split("\n");
      const mend = next.length > 0 ? next.join(" ") : "Correct this place with an editor";
      return { severity: "error" as const, what, mend };
    });
    if (wrong.length > 0) return Promise.resolve(wrong);
    const what = config.file === undefined
      ? "No configuration file: flags and defaults count"
      : `"${config.file}" is in order`;
    const entries = clients.flatMap(({ own }) => own.flatMap(({ line }) => line?.config ?? []));
    return Promise.resolve([
      { severity: "ok", what },
      ...unsetHeaders(entries.length > 0 ? entries : [config]),
    ]);
  },
};

/** Headers whose variable is not set where Clawhammer is started. Databases are examined by themselves. */
function unsetHeaders(configs: readonly Config[]): Finding[] {
  const all = configs.flatMap(({ web }) => web.unsetHeaders ?? []);
  const texts = new Set(
    all.map(({ origin, name, missing }) =>
      `The header "${name}" for ${origin} needs the variable ${missing}, which is not set`
    ),
  );
  return [...texts].map((what) => ({
    severity: "error",
    what,
    mend: 'Set it where Clawhammer is started, for Claude Desktop under "env" of its entry',
  }));
}
