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
  const [base, bits] = ipaddr.parseCIDR(network);
  return [address, destination(address)].some((way) => {
    const one = ipaddr.parse(way);
    return one.kind() === base.kind() && one.match(base, bits);
  });
}

/** The address that is reached by an address: the same, or the IPv4 address that one of IPv6 carries. */
export function destination(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address;
  const six = ipaddr.IPv6.parse(address);
  return (carried(six) ?? six).toString();
}

function reachOf4(address: ipaddr.IPv4): Reach {
  if (METADATA.has(address.toString())) return "closed";
  const range = address.range();
  if (range === "unicast") return "public";
  return PRIVATE.has(range) ? "private" : "closed";
}

function reachOf6(address: ipaddr.IPv6): Reach {
  if (METADATA.has(address.toString())) return "closed";
  const four = carried(address);
  if (four !== undefined) return reachOf4(four);
  const range = address.range();
  if (PRIVATE.has(range)) return "private";
  // 2000::/3 is all that was ever given out (RFC 4291); the old forms with IPv4 inside are not in it.
  return range === "unicast" && (address.toByteArray()[0] ?? 0) >> 5 === 1 ? "public" : "closed";
}

/**
 * The IPv4 address in the last 32 bits of another way to write it, `::ffff:a.b.c.d` (RFC 4291), or to reach
 * it through the translator of a network without it, `64:ff9b::a.b.c.d` (RFC 6052).
 */
function carried(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const bytes = address.toByteArray();
  const range = address.range();
  const carries = range === "ipv4Mapped" || (range === "rfc6052" && bytes[4] === 0 && bytes[5] === 0);
  return carries ? new ipaddr.IPv4(bytes.slice(-4)) : undefined;
}
