/**
 * What a user tool asks of the server in the course of a call: its paths, files, and the client. The rules
 * are those of the built-in tools, because it is the same file layer that answers.
 * @module
 */
import { Buffer } from "node:buffer";
import { ToolError } from "../errors.ts";
import { sizeText } from "../format.ts";
import { USER_QUESTIONS_AT_ONCE_MAX, WHOLE_FILE_BYTES_MAX } from "../limits.ts";
import { createGate } from "../gate.ts";
import { decode } from "../text.ts";
import type { Context } from "../tool.ts";
import type { Incoming, Parcel } from "../worker/channel.ts";

/** Answers what a call asks. @param mayChange Whether the tool's effect lets it change files. */
export function createAnswers(
  ctx: Context,
  mayChange: boolean,
): (method: string, value: unknown, incoming: Incoming) => Promise<Parcel> {
  const { files, signal } = ctx;
  const turn = createGate(USER_QUESTIONS_AT_ONCE_MAX);
  const settle = async (path: unknown) => await files.settle(files.resolve(String(path)));
  const changing = () => {
    if (ctx.readOnly || !mayChange) {
      throw new ToolError(
        "Cannot change files: " +
          (ctx.readOnly ? "this server is read-only" : 'the effect of this tool is "read"'),
        ctx.readOnly ? "Only read." : "Its author declares what it does: add, change or destroy.",
      );
    }
  };
  const reads: Readonly<Record<string, (args: readonly unknown[]) => Promise<Parcel>>> = {
    settle: async ([path]) => ({ value: await settle(path) }),
    roots: () => {
      return Promise.resolve({
        value: files.roots.map(({ given, readOnly }) => ({ path: given, readOnly })),
      });
    },
    readBytes: async ([path]) => ({ value: null, bytes: [await readWhole(await settle(path), ctx)] }),
    readText: async ([path]) => {
      const at = await settle(path);
      const text = decode(await readWhole(at, ctx))?.text;
      if (text !== undefined) return { value: text };
      throw new ToolError(`"${at}" is no text`, "Read it as bytes.");
    },
    list: async ([path]) => {
      return { value: await files.withFolder(await settle(path), (folder) => folder.entries()) };
    },
    info: async ([path]) => {
      const { kind, size, modified } = await files.info(await settle(path));
      return { value: { kind, size, modified: modified.getTime() } };
    },
  };
  const changes: Readonly<
    Record<string, (args: readonly unknown[], bytes?: Uint8Array) => Promise<unknown>>
  > = {
    write: async ([path], bytes = new Uint8Array()) => {
      const at = await settle(path);
      await files.exclusive([at], () => files.write(at, bytes));
    },
    createFolder: async ([path]) => await files.createFolder(await settle(path)),
    move: async ([from, to]) => await files.move(await settle(from), await settle(to), signal),
    copy: async ([from, to]) => await files.copy(await settle(from), await settle(to), signal),
    remove: async ([path, recursive]) => await files.remove(await settle(path), recursive === true, signal),
  };
  const answer = async (method: string, value: unknown, { bytes }: Incoming): Promise<Parcel> => {
    const args: readonly unknown[] = Array.isArray(value) ? value : [];
    const read = Object.hasOwn(reads, method) ? reads[method] : undefined;
    if (read !== undefined) return await read(args);
    const change = Object.hasOwn(changes, method) ? changes[method] : undefined;
    if (change !== undefined) {
      changing();
      await change(args, bytes[0] === undefined ? undefined : Buffer.from(bytes[0]));
      return { value: null };
    }
    return { value: await askClient(ctx, method, args) };
  };
  return (method, value, incoming) => turn(() => answer(method, value, incoming), signal);
}

async function readWhole(path: string, { files, signal }: Context): Promise<Uint8Array> {
  return await files.withFile(path, async (file) => {
    const { size } = file.info;
    if (size > WHOLE_FILE_BYTES_MAX) {
      throw new ToolError(
        `Cannot read "${path}" whole: it has ${sizeText(size)}, at most ${sizeText(WHOLE_FILE_BYTES_MAX)}`,
        "Use a smaller file.",
      );
    }
    const bytes = Buffer.alloc(size);
    let at = 0;
    while (at < size) {
      signal.throwIfAborted();
      const got = await file.read(bytes.subarray(at), at);
      if (got === 0) break;
      at += got;
    }
    return bytes.subarray(0, at);
  });
}

async function askClient(
  ctx: Context,
  method: string,
  [first, second]: readonly unknown[],
): Promise<unknown> {
  if (method === "elicit" && ctx.elicit !== undefined) {
    return await ctx.elicit(String(first), second as Record<string, unknown>); // The client checks the form.
  }
  if (method === "sample" && ctx.sample !== undefined) {
    const { system, maxTokens } = (second ?? {}) as { system?: unknown; maxTokens?: unknown };
    return await ctx.sample(String(first), {
      ...(system === undefined ? {} : { system: String(system) }),
      ...(typeof maxTokens === "number" ? { maxTokens } : {}),
    });
  }
  throw new ToolError(
    `This client does not offer "${method}"`,
    "Do without it: look whether ctx has it first.",
  );
}
