/**
 * Our own configuration: the file and the variables.
 * @module
 */
import type { Check } from "./types.ts";

/** What is wrong with the configuration, which every other command would refuse to run with. */
export const configuration: Check = {
  name: "configuration",
  title: "Configuration",
  examine({ config, faults }) {
    const wrong = faults.map((fault) => {
      const [what = "", ...next] = fault.split("\n");
      const mend = next.length > 0 ? next.join(" ") : "Correct this place with an editor";
      return { severity: "error" as const, what, mend };
    });
    if (wrong.length > 0) return Promise.resolve(wrong);
    const what = config.file === undefined
      ? "No configuration file: flags and defaults count"
      : `"${config.file}" is in order`;
    return Promise.resolve([{ severity: "ok", what }]);
  },
};
