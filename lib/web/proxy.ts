/**
 * Which proxy stands between us and a host.
 * @module
 */
import { ToolError } from "../errors.ts";
import { isInNetwork } from "./address.ts";
import type { ProxySettings } from "./settings.ts";

/**
 * The proxy for a URL, or undefined when it is reached directly.
 * @throws {ToolError} when the variable names none that we can speak to.
 */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const isTls = url.protocol === "https:";
  const text = isTls ? settings.https : settings.http;
  if (text === undefined || isExcepted(url, settings.except ?? "")) return undefined;
  const proxy = URL.parse(/^[a-z0-9+.-]+:\/\//i.test(text) ? text : `http://${text}`);
  if (proxy !== null && /^https?:$/.test(proxy.protocol)) return proxy;
  const name = isTls ? "HTTPS_PROXY" : "HTTP_PROXY";
  throw new ToolError(
    `Cannot use the proxy that ${name} names: it is no http: or https: address`,
    "The person can mend the variable, or add the host to NO_PROXY.",
  );
}

function isExcepted(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === "*") return true;
    const parts = /^(?:\[([^\]]*)\]|([^:]*)|(.*:.*:.*))(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    const [, bracketed, plain, six, only = port] = parts;
    const name = bracketed ?? plain ?? six ?? "";
    const domain = name.replace(/^\*?\./, "");
    if (domain === "" || only !== port) return false;
    return host === domain || host.endsWith(`.${domain}`) || isInNetwork(host, name);
  });
}
