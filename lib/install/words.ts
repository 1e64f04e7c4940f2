/**
 * The command line behind a command line: what npx, uvx, docker, `cmd /c` and the like are asked to run.
 * @module
 */

/** How a program is started that stands behind a starter. */
export type Starter = "npx" | "uvx" | "docker" | "node" | "python" | "itself";

/** A program and its arguments, found behind its starter. */
export interface Unwrapped {
  readonly starter: Starter;
  /** A package, a module, a script, an image or a program. */
  readonly name: string;
  readonly args: readonly string[];
  /** Folders of this machine that a container sees. */
  readonly mounts: readonly Mount[];
  /** Volumes of docker that it sees; their source is a name. */
  readonly volumes: readonly Mount[];
}

/** A folder or file that is seen inside a container at another path. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** What is started here and not in a container. */
const NO_MOUNTS = { mounts: [], volumes: [] };

/** How a starter writes options before what it starts. */
interface Options {
  /** Options that are followed by a value. */
  readonly valued: RegExp;
  /** Options whose value is the package; what follows is only a program of it. */
  readonly named?: RegExp;
}

const NPX: Options = {
  valued: /^(-c|--call|-w|--workspace|--cache|--registry|--loglevel)$/,
  named: /^(-p|--package)$/,
};
const UVX: Options = {
  valued: new RegExp(
    "^(-[pi]|--(python|with|with-editable|index|index-url|extra-index-url|directory|project|env-file|extra|" +
      "group|cache-dir))$",
  ),
  named: /^(--from|--spec)$/,
};
const DENO: Options = { valued: /^(-c|--config|--import-map|--lock|--reload)$/ };
const SCRIPT: Options = { valued: /^(-r|--require|--import|--loader|--env-file|-C|--conditions|-W|-X)$/ };
const DOCKER: Options = {
  valued: new RegExp(
    "^(-[aehlmpuvw]|--(add-host|annotation|attach|blkio-weight|cap-add|cap-drop|cidfile|cpus|" +
      "cpuset-cpus|" +
      "device|dns|entrypoint|env|env-file|expose|gpus|group-add|health-cmd|hostname|ip|ipc|isolation|label|" +
      "label-file|link|log-driver|log-opt|mac-address|memory|memory-swap|mount|name|net|network|" +
      "oom-score-adj|" +
      "pid|pids-limit|platform|publish|pull|restart|runtime|security-opt|shm-size|stop-signal|stop-timeout|" +
      "storage-opt|sysctl|tmpfs|ulimit|user|userns|uts|volume|volume-driver|volumes-from|workdir))$",
  ),
};

/** Finds what a command line runs in the end; undefined when that cannot be told. */
export function unwrap(words: readonly string[]): Unwrapped | undefined {
  const [command, ...args] = words;
  if (command === undefined) return undefined;
  const [first = "", ...rest] = args;
  switch (programName(command)) {
    case "cmd":
      return behindShell(args, /^\/[ck]$/i);
    case "sh":
    case "bash":
    case "zsh":
      return behindShell(args, /^-[il]*c$/);
    case "env":
      return unwrap(args.slice(args.findIndex((word) => !/^(-\S*|\w+=.*)$/.test(word))));
    case "npx":
    case "bunx":
    case "pnpx":
      return behind("npx", args, NPX);
    case "pnpm":
    case "yarn":
      return /^(dlx|exec)$/.test(first) ? behind("npx", rest, NPX) : undefined;
    case "npm":
      return /^(exec|x)$/.test(first) ? behind("npx", rest, NPX) : undefined;
    case "bun":
      return first === "x" ? behind("npx", rest, NPX) : behind("node", first === "run" ? rest : args, SCRIPT);
    case "deno":
      return behind("node", first === "run" ? rest : args, DENO);
    case "node":
      return behind("node", args, SCRIPT);
    case "uvx":
      return behind("uvx", args, UVX);
    case "uv":
      return behindUv(args);
    case "pipx":
      return first === "run" ? behind("uvx", rest, UVX) : undefined;
    case "python":
    case "python3":
    case "py":
      return behindPython(args);
    case "docker":
    case "podman":
    case "nerdctl":
      return first === "run" ? behindDocker(rest) : undefined;
    default:
      return { starter: "itself", name: programName(command), args, ...NO_MOUNTS };
  }
}

/** The name of a program without its folder and what Windows appends. */
export function programName(path: string): string {
  const name = path.split(/[/\\]/).at(-1) ?? "";
  return name.toLowerCase().replace(/\.(exe|cmd|bat|ps1)$/, "").replace(/^python3\.\d+$/, "python3");
}

/** The first word that is no option, and what follows it. */
function behind(starter: Starter, args: readonly string[], options: Options): Unwrapped | undefined {
  let named: string | undefined;
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? "";
    if (word === "--") continue;
    if (word.startsWith("-")) {
      const [option = "", value] = word.split(/=(.*)/s);
      const follows = value === undefined &&
        (options.valued.test(option) || options.named?.test(option) === true);
      if (options.named?.test(option) === true) named ??= value ?? args[i + 1];
      if (follows) i++;
      continue;
    }
    return { starter, name: named ?? word, args: args.slice(i + 1), ...NO_MOUNTS };
  }
  return undefined;
}

/** A shell is given one string, or words as they are. */
function behindShell(args: readonly string[], option: RegExp): Unwrapped | undefined {
  const at = args.findIndex((word) => option.test(word));
  const words = at < 0 ? [] : args.slice(at + 1);
  if (words.length !== 1) return unwrap(words);
  const [line = ""] = words;
  // What a shell would expand or join is left alone.
  return /^[\w@/\\:.,=~+ -]+$/.test(line) ? unwrap(line.replace(/^exec /, "").trim().split(/ +/)) : undefined;
}

function behindUv(args: readonly string[]): Unwrapped | undefined {
  const at = args.findIndex((word) => /^(run|tool|x)$/.test(word));
  if (at < 0) return undefined;
  const rest = args.slice(at + (args[at] === "tool" && args[at + 1] === "run" ? 2 : 1));
  const found = behind("uvx", rest, UVX);
  return found?.name === "python" || found?.name === "python3" ? behindPython(found.args) : found;
}

function behindPython(args: readonly string[]): Unwrapped | undefined {
  const module = args.indexOf("-m");
  if (module >= 0) {
    return { starter: "python", name: args[module + 1] ?? "", args: args.slice(module + 2), ...NO_MOUNTS };
  }
  return behind("python", args, SCRIPT);
}

function behindDocker(args: readonly string[]): Unwrapped | undefined {
  const found = behind("docker", args, DOCKER);
  if (found === undefined) return undefined;
  const options = args.slice(0, args.length - found.args.length - 1);
  const mounts = options.flatMap((word, i) => {
    const [option = "", value = options[i + 1] ?? ""] = word.split(/=(.*)/s);
    if (option === "-v" || option === "--volume") return readVolume(value);
    return option === "--mount" ? readMount(value) : [];
  });
  const isFolder = ({ source }: Mount) => /[/\\~$%]/.test(source);
  return { ...found, mounts: mounts.filter(isFolder), volumes: mounts.filter((one) => !isFolder(one)) };
}

/** `SOURCE:TARGET[:OPTIONS]`; the colon of a Windows drive separates nothing. */
function readVolume(text: string): Mount[] {
  const [, source = "", target = "", options = ""] =
    /^([A-Za-z]:[\\/][^:]*|[^:]+):([^:]+)(?::(.*))?$/.exec(text) ??
      [];
  if (source === "") return [];
  return [{ source, target, readOnly: options.split(",").includes("ro") }];
}

/** `type=bind|volume,source=…,target=…[,readonly]`; without a type it is a volume. */
function readMount(text: string): Mount[] {
  const fields = new Map(
    text.split(",").map((part): [string, string] => {
      const [key = "", value = "true"] = part.split(/=(.*)/s);
      return [key.trim().toLowerCase(), value];
    }),
  );
  const source = fields.get("source") ?? fields.get("src");
  const target = fields.get("target") ?? fields.get("dst") ?? fields.get("destination");
  if (!/^(bind|volume)$/.test(fields.get("type") ?? "volume") || !source || target === undefined) return [];
  const flag = fields.get("readonly") ?? fields.get("ro");
  return [{ source, target, readOnly: flag !== undefined && flag !== "false" }];
}
