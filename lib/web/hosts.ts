/**
 * The hosts a person opens and closes (`--allow-host`, `--deny-host`), and the headers they configured.
 * @module
 */
import { destination, isAddress, isInNetwork } from "./address.ts";

/** `HOST`, `*.HOST`, `*` or a network (`10.0.0.0/8`), and a port: "" for the usual ones, "*" for all. */
export interface HostPattern {
  readonly host: string;
  readonly port: string;
}

/** A header that is sent to one origin alone. */
export interface OriginHeader {
  /** As `URL.origin`: `https://api.example.com`. */
  readonly origin: string;
  readonly name: string;
  readonly value: string;
}

/** A header whose value needs a variable that is not set: nothing is asked of its origin without it. */
export interface UnsetHeader extends Omit<OriginHeader, "value"> {
  /** The variable. */
  readonly missing: string;
}

/** What of the web is open. */
export interface WebPolicy {
  readonly allowHost: readonly HostPattern[];
  readonly denyHost: readonly HostPattern[];
  /** Whether networks of one's own and this machine may be reached. */
  readonly allowPrivate: boolean;
  readonly ignoreRobots: boolean;
  readonly headers: readonly OriginHeader[];
  readonly unsetHeaders?: readonly UnsetHeader[];
}

/** What the person said about a host and port. */
export type Verdict = "allowed" | "denied" | "unnamed";

/**
 * What the patterns say. The most exact one counts, so that `--deny-host '*' --allow-host example.com`
 * leaves one host; of two equally exact ones the refusal counts.
 * @param host In the form of the URL Standard, without brackets and without a dot at the end.
 */
export function verdictOn(host: string, port: string, policy: WebPolicy): Verdict {
  const allowed = exactness(host, port, policy.allowHost);
  const denied = exactness(host, port, policy.denyHost);
  if (denied > 0 && denied >= allowed) return "denied";
  return allowed > 0 ? "allowed" : "unnamed";
}

/** The same for an address that a host turned out to have; "*" is about names and says nothing here. */
export function verdictOnAddress(address: string, host: string, port: string, policy: WebPolicy): Verdict {
  const about = (patterns: readonly HostPattern[]) => patterns.filter((one) => one.host !== "*");
  const allowed = exactness(address, port, about(policy.allowHost));
  const denied = exactness(address, port, about(policy.denyHost));
  if (denied > 0 && denied >= Math.max(allowed, exactness(host, port, policy.allowHost))) return "denied";
  return allowed > 0 ? "allowed" : "unnamed";
}

/** Whether a port was opened for a host by name. */
export function opensPort(host: string, port: string, patterns: readonly HostPattern[]): boolean {
  return patterns.some((one) => (one.port === "*" || one.port === port) && matches(one.host, host));
}

function exactness(host: string, port: string, patterns: readonly HostPattern[]): number {
  const hits = patterns.filter((one) =>
    matches(one.host, host) && (one.port === "" || one.port === "*" || one.port === port)
  );
  return Math.max(0, ...hits.map((one) => weight(one.host) * 2 + (one.port === port ? 1 : 0)));
}

/** A whole name weighs more than any part of one, a longer part more than a shorter one. */
function weight(pattern: string): number {
  if (pattern === "*") return 1;
  if (pattern.startsWith("*.")) return 1 + pattern.length;
  const [, bits] = pattern.split("/");
  return bits === undefined ? 1_000 : 1 + Number(bits);
}

function matches(pattern: string, host: string): boolean {
  if (pattern === "*" || pattern === host) return true;
  if (pattern.includes("/")) return isInNetwork(host, pattern);
  if (isAddress(host)) return isAddress(pattern) && destination(pattern) === destination(host);
  return pattern.startsWith("*.") &&
    (host === pattern.slice(2) || host.endsWith(pattern.slice(1)));
}
