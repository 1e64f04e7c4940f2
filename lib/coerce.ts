/**
 * Accepts generously what models and hosts send: JSON strings for lists, "2" for 2, null for "not given".
 *
 * The published schema stays strict and simple; this runs only on arguments that it refused.
 * @module
 */
import type { JsonSchema } from "./wire.ts";
import { isRecord } from "./record.ts";

/**
 * The value, bent towards its schema where the meaning is beyond doubt; otherwise as it came, so that the
 * schema's own error speaks. Never loses a key and never invents one.
 */
export function coerce(value: unknown, schema: JsonSchema): unknown {
  switch (schema.type) {
    case "object":
      return coerceObject(parsed(value, isRecord), schema);
    case "array":
      return coerceArray(parsed(value, Array.isArray), schema);
    case "integer":
    case "number":
      return typeof value === "string" && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
    case "boolean":
      return value === "true" ? true : value === "false" ? false : value;
    case "string":
      return typeof value === "number" ? String(value) : value;
    default:
      return value;
  }
}

function coerceObject(value: unknown, schema: JsonSchema): unknown {
  if (!isRecord(value)) return value;
  const properties = new Map(Object.entries(schema.properties ?? {}));
  const entries: [string, unknown][] = [];
  for (const [name, inner] of Object.entries(value)) {
    const known = properties.get(name);
    if (inner === null && known !== undefined && !schema.required?.includes(name)) continue;
    entries.push([name, known === undefined ? inner : coerce(inner, known)]);
  }
  return Object.fromEntries(entries);
}

function coerceArray(value: unknown, schema: JsonSchema): unknown {
  const items = schema.items ?? {};
  if (Array.isArray(value)) return value.map((item) => coerce(item, items));
  if (isRecord(value) && items.type === "object") return [coerce(value, items)];
  return typeof value === "string" && items.type === "string" ? [value] : value;
}

/** The JSON inside a string when it is of the wanted kind; else the value itself. */
function parsed(value: unknown, wanted: (candidate: unknown) => boolean): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    const candidate: unknown = JSON.parse(value);
    return wanted(candidate) ? candidate : value;
  } catch {
    return value;
  }
}
