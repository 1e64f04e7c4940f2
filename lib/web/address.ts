/**
 * Where an address leads: to the public internet, or inside. The classes are those of `ipaddr.js`, which
 * follow the special-purpose registries of IANA (RFC 6890); what carries an IPv4 address inside is judged by
 * that one.
 * @module
 */
import ipaddr from "ipaddr.js";

/**
 * Where an address leads. "private": this machine and networks of one's own, which a person may open.
 * "closed": everything else that is no place for a page: link-local addresses (where clouds keep the keys of
 * a machine), multicast, reserved and test networks, tunnels.
 */
export type Reach = "public" | "private" | "closed";

/** Classes of ipaddr.js that `--allow-private` opens. */
const PRIVATE: ReadonlySet<string> = new Set(["loopback", "private", "carrierGradeNat", "uniqueLocal"]);

/** Services that give the keys of a cloud's machine to whoever asks, in networks that look harmless. */
const METADATA: ReadonlySet<string> = new Set([
  "100.100.100.200", // Alibaba Cloud
  "168.63.129.16", // Azure, in a public network
  "192.0.0.192", // Oracle Cloud
  "fd00:ec2::254", // Amazon
  "fd20:ce::254", // Google
]);

/**
 * Judges an address. What is no plain address of IPv4 or IPv6 is closed: zone ids, octal and other forms
 * that programs read differently.
 */
export function reachOf(address: string): Reach {
  if (address.includes("%")) return "closed";
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return reachOf4(ipaddr.IPv4.parse(address));
  const plain = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1);
  // ipaddr.js would take `::127.0.0.1` for `::ffff:127.0.0.1`; the form of the URL Standard has no dots.
  return plain === undefined ? "closed" : reachOf6(ipaddr.IPv6.parse(plain));
}

/** Whether a text is an address, and not a name. */
export function isAddress(host: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(host) || ipaddr.IPv6.isValid(host);
}

/** Whether an address is in a network: `10.1.2.3` in `10.0.0.0/8`. False for what is neither. */
export function isInNetwork(address: string, network: string): boolean {
  if (!isAddress(address) || !ipaddr.isValidCIDR(network)) return false;
  const one = ipaddr.process(address);
  const [base, bits] = ipaddr.parseCIDR(network);
  return one.kind() === base.kind() && one.match(base, bits);
}

function reachOf4(address: ipaddr.IPv4): Reach {
  if (METADATA.has(address.toString())) return "closed";
  const range = address.range();
  if (range === "unicast") return "public";
  return PRIVATE.has(range) ? "private" : "closed";
}

function reachOf6(address: ipaddr.IPv6): Reach {
  if (METADATA.has(address.toString())) return "closed";
  const bytes = address.toByteArray();
  const range = address.range();
  // ::ffff:a.b.c.d is another way to write IPv4 (RFC 4291), and 64:ff9b::a.b.c.d is IPv4 seen through the
  // translator of a network without it (RFC 6052): both lead where the inner address leads.
  if (range === "ipv4Mapped") return reachOf4(inner(bytes));
  if (range === "rfc6052" && bytes[4] === 0 && bytes[5] === 0) return reachOf4(inner(bytes));
  if (PRIVATE.has(range)) return "private";
  // 2000::/3 is all that was ever given out (RFC 4291); the old forms with IPv4 inside are not in it.
  return range === "unicast" && (bytes[0] ?? 0) >> 5 === 1 ? "public" : "closed";
}

/** The IPv4 address in the last 32 bits. */
function inner(bytes: readonly number[]): ipaddr.IPv4 {
  return new ipaddr.IPv4(bytes.slice(-4));
}
