/**
 * What is offered at a moment: the built-in tools for good, and the person's own as they are.
 * @module
 */
import type { Callable } from "./arguments.ts";
import type { Services } from "./call.ts";
import { USER_FOLDER_MS } from "./limits.ts";
import type { AnyTool, Module } from "./tool.ts";
import type { UserTools } from "./user/types.ts";

/** The tools there are. */
export interface Offer {
  now(): { readonly modules: readonly Module[]; readonly tools: readonly AnyTool[] };
  /** The person's own tools; undefined as long as there is no folder for them. */
  open(): Promise<UserTools | undefined>;
  /** The built-in tool of the name, for which nothing has to be waited for. */
  known(name: string): Callable | undefined;
  find(name: string): Promise<Callable | undefined>;
  findUser(name: string): Promise<Callable | undefined>;
  onChange(listener: () => void): () => void;
}

/** Makes the offer of these modules. */
export function createOffer(
  first: readonly Module[],
  { readOnly, userTools, later }: Pick<Services, "readOnly" | "userTools" | "later">,
): Offer {
  const isOffered = (tool: AnyTool) => !readOnly || tool.effect === "read" || tool.forward !== undefined;
  const callables = new Map<string, Callable>();
  // A name that a tool had before gives way to a tool that has it now.
  const before = new Map<string, Callable>();
  const listeners = new Set<() => void>();
  let modules: readonly Module[] = [];
  let opened: UserTools | undefined;
  let opening: Promise<UserTools> | undefined;
  let user: readonly Module[] = [];
  let current: ReturnType<Offer["now"]>;
  const settle = () => {
    const all = [...modules, ...user];
    current = { modules: all, tools: sorted(all.flatMap((module) => module.tools)).filter(isOffered) };
  };
  const add = (more: readonly Module[]) => {
    modules = [...modules, ...more];
    for (const tool of more.flatMap((module) => module.tools)) {
      callables.set(tool.name, { tool });
      for (const alias of tool.aliases ?? []) before.set(alias, { tool });
    }
    settle();
  };
  add(first);
  const tell = () => listeners.forEach((listener) => listener());
  const wait = waitFor(later, (module) => add([module]));
  const open = async () => {
    if (userTools === undefined || wait.isMissing()) return undefined;
    opening ??= userTools().then((tools) => {
      tools.onChange(tell);
      // Only who wants to know of changes at once has the folder watched; every use looks at it anyway.
      if (listeners.size > 0) tools.watch();
      return tools;
    });
    return opened = await opening;
  };
  const findUser = async (name: string) => {
    const tool = await (await open())?.find(name);
    return tool === undefined ? undefined : { tool };
  };
  return {
    now() {
      if (opened !== undefined && opened.modules !== user) {
        user = opened.modules;
        settle();
      }
      return current;
    },
    open,
    known: (name) => callables.get(name),
    // The look for a user tool may bring the module that has the name.
    find: async (name) => await findUser(name) ?? callables.get(name) ?? before.get(name),
    findUser,
    onChange(listener) {
      listeners.add(listener);
      wait.start(() => {
        tell();
        // Its tools are told of when they are loaded.
        open().then((tools) => tools?.refresh()).catch(() => {});
      });
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) wait.stop();
      };
    },
  };
}

function sorted(tools: readonly AnyTool[]): AnyTool[] {
  return tools.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Waits for the folder of what is offered only later. Looking now and then costs less than a watcher. */
function waitFor(later: Services["later"], add: (module: Module) => void) {
  let isWaiting = later !== undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
  };
  /** Whether it is still not there; when it has come, it is added. */
  const isMissing = () => {
    if (!isWaiting || later === undefined) return false;
    if (!later.isThere()) return true;
    isWaiting = false;
    add(later.module);
    return false;
  };
  return {
    isMissing,
    /** Looks by itself from now on, and says when it has come, also when another look found it. */
    start(arrived: () => void) {
      if (!isWaiting || timer !== undefined) return;
      timer = setInterval(() => {
        if (isMissing()) return;
        stop();
        arrived();
      }, USER_FOLDER_MS);
      timer.unref();
    },
    stop,
  };
}
