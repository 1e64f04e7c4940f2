/**
 * The arguments of a call as a shell writes them: one JSON object, or key=value pairs.
 * @module
 */
import { errorText, UsageError } from "../errors.ts";
import type { JsonSchema } from "../wire.ts";

/** A value while it is put together: what was given for it, or for what is inside it. */
interface Node {
  readonly values: unknown[];
  readonly children: Map<string, Node>;
}

/**
 * Reads the operands behind the name of a tool. Values stay text where the schema wants text;
 * elsewhere one that reads as a JSON list or object is one. The call path bends `"5"` to 5.
 * @throws {UsageError} for what is neither an object nor pairs.
 */
export function readArguments(operands: readonly string[], schema: JsonSchema): unknown {
  const [first = "", second] = operands;
  if (!/^\s*\{/.test(first)) return fromPairs(operands, schema);
  if (second !== undefined) {
    throw new UsageError(`Unexpected "${second}" after the JSON object\nWrite one or the other`);
  }
  try {
    return JSON.parse(first);
  } catch (error) {
    throw new UsageError(`The arguments are no JSON: ${errorText(error)}\nOr write them as key=value`);
  }
}

function fromPairs(pairs: readonly string[], schema: JsonSchema): unknown {
  const root: Node = { values: [], children: new Map() };
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw new UsageError(`"${pair}" is no argument\nWrite key=value, or one JSON object`);
    const path = pair.slice(0, equals).split(".");
    let node = root;
    for (const name of path) {
      const child: Node = node.children.get(name) ?? { values: [], children: new Map() };
      node.children.set(name, child);
      node = child;
    }
    node.values.push(readValue(pair.slice(equals + 1), schemaAt(schema, path)));
  }
  return root.children.size === 0 ? {} : assemble(root, "");
}

/** An object, a list where all keys are numbers or one key was given several times, or the value itself. */
function assemble({ values, children }: Node, name: string): unknown {
  if (children.size === 0) return values.length === 1 ? values[0] : values;
  if (values.length > 0) {
    throw new UsageError(`"${name}" is given both whole and in parts\nGive one or the other`);
  }
  const entries = [...children].map(([key, child]): [string, unknown] => [key, assemble(child, key)]);
  if (!entries.every(([key]) => /^\d+$/.test(key))) return Object.fromEntries(entries);
  return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value);
}

function readValue(text: string, schema: JsonSchema): unknown {
  if (schema.type === "string" || !/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The schema of what a dotted key names; empty where the tool's schema does not say. */
function schemaAt(schema: JsonSchema, path: readonly string[]): JsonSchema {
  return path.reduce<JsonSchema>((at, name) => {
    if (at.type === "array") return at.items ?? {};
    return Object.hasOwn(at.properties ?? {}, name) ? at.properties?.[name] ?? {} : {};
  }, schema);
}
