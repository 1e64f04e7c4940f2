/**
 * The web before it is loaded, which happens at the first call that wants it.
 * @module
 */
import { join } from "node:path";
import type { Documents } from "../documents/types.ts";
import { HTML_WORKER_BYTES_MAX } from "../limits.ts";
import type { Log } from "../tool.ts";
import { version } from "../version.ts";
import type { PoolOptions, Workers } from "../worker/pool.ts";
import type { Resolve } from "./guard.ts";
import type { WebPolicy } from "./hosts.ts";
import type { ProxySettings } from "./settings.ts";
import type { Web } from "./types.ts";

/** What the web is made with. */
export interface WebOptions {
  readonly policy: WebPolicy;
  readonly proxy: ProxySettings;
  /** A folder of our own for what can be made again. */
  readonly cacheFolder: string;
  readonly documents: Documents;
  readonly workers: () => Promise<Workers>;
  readonly log: Log;
  /** Finds the addresses of names; the system unless a test gives another. */
  readonly resolve?: Resolve;
}

/** The worker that makes Markdown of pages. */
const READER: PoolOptions = {
  kind: "page",
  label: "The reader of web pages",
  env: {},
  memoryBytesMax: HTML_WORKER_BYTES_MAX,
  atOnceMax: 2,
  idleMax: 1,
  idleMs: 60_000,
};

/** Makes the web. */
export function openWeb(options: WebOptions): Web {
  let loaded: Promise<Web> | undefined;
  const load = () => loaded ??= loadWeb(options);
  return {
    read: async (...args) => await (await load()).read(...args),
    download: async (...args) => await (await load()).download(...args),
    send: async (...args) => await (await load()).send(...args),
  };
}

async function loadWeb(
  { policy, proxy, cacheFolder, documents, workers, log, resolve }: WebOptions,
): Promise<Web> {
  const [
    { createPages },
    { createClient },
    { createCache },
    { createConvert },
    { createDial, systemResolve },
    robots,
  ] = await Promise.all([
    import("./pages.ts"),
    import("./client.ts"),
    import("./cache.ts"),
    import("./convert.ts"),
    import("./connect.ts"),
    import("./robots.ts"),
  ]);
  const pool = async () => (await workers()).pool(READER);
  let one: ReturnType<typeof pool> | undefined;
  return createPages({
    client: createClient({
      policy,
      proxy,
      resolve: resolve ?? systemResolve,
      dial: createDial(),
      robots: robots.createRobots(),
      userAgent: `${robots.PRODUCT_TOKEN}/${version} (fetches a page when a person asks Claude for it)`,
    }),
    cache: createCache({ folder: join(cacheFolder, "web"), warn: (message) => log.warn(message) }),
    convert: createConvert(() => one ??= pool()),
    documents,
    cacheKey: JSON.stringify(policy),
    secretsOf: (origin) => policy.headers.filter((one) => one.origin === origin).map(({ value }) => value),
  });
}
