/**
 * Variables of the environment in values of the configuration, so that no secret has to stand in them.
 *
 * One that is not set stops nothing but what needs it: the terminal of a person knows other variables than
 * the programs that clients start, and a server that does not start helps nobody.
 * @module
 */
import { ToolError } from "../errors.ts";

/** A text with its variables filled in. */
export interface Filled {
  readonly text: string;
  /** The first variable that is not set or empty. It was filled with "1": good for a port and a name. */
  readonly missing: string | undefined;
}

/** Fills `${NAME}` with the environment variable of this name. */
export function fillVariables(
  template: string,
  env: Readonly<Record<string, string | undefined>>,
  encode: (value: string) => string = (value) => value,
): Filled {
  let missing: string | undefined;
  const text = template.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const found = env[name];
    if (found !== undefined && found !== "") return encode(found);
    missing ??= name;
    return "1";
  });
  return { text, missing };
}

/** The refusal of what needs a variable that is not set. */
export function notSet(what: string, variable: string): ToolError {
  return new ToolError(
    `${what}: the environment variable ${variable} is not set`,
    'The person sets it where Clawhammer is started, for Claude Desktop under "env" of its entry.',
  );
}

/** The variables that a configuration needs and does not have. */
export function missingVariables(
  { databases, web }: {
    readonly databases: readonly { readonly missing?: string | undefined }[];
    readonly web: { readonly unsetHeaders?: readonly { readonly missing?: string | undefined }[] };
  },
): string[] {
  const all = [...databases, ...web.unsetHeaders ?? []];
  return [...new Set(all.flatMap(({ missing }) => missing ?? []))];
}
