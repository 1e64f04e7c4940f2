/**
 * The proxies of an environment: the customary variables `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and
 * `NO_PROXY`, in either case. There is no standard; this is what curl and most programs agree on.
 *
 * Apart from what uses them, because the configuration is read at every start.
 * @module
 */

/** The proxies of an environment; empty texts are none. */
export interface ProxySettings {
  readonly http?: string;
  readonly https?: string;
  /** Hosts that are reached without: `example.com` (and all below it), `.example.com`, `10.0.0.0/8`, `*`. */
  readonly except?: string;
}

/** Reads the variables. A lower-case one wins, as in curl. */
export function proxySettings(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  const all = read("ALL_PROXY");
  return {
    http: read("HTTP_PROXY") ?? all,
    https: read("HTTPS_PROXY") ?? all,
    except: read("NO_PROXY"),
  };
}
