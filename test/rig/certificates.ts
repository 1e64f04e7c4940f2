/**
 * Certificates for tests (RFC 5280), made on the spot: an authority of our own and servers it vouches for.
 */
import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A certificate and its key, as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority, and what it signs. */
export interface Authority {
  readonly cert: string;
  /** A certificate of a server for these names and addresses of IPv4. */
  issue(names: readonly string[]): Certificate;
}

/** Makes an authority. */
export function createAuthority(name = "Test Authority"): Authority {
  const own = pair();
  const issuer = rdn(name);
  const isAuthority = extension("551d13", true, tlv(0x30, tlv(0x01, Buffer.from([0xff]))));
  const cert = certificate(issuer, issuer, own.publicKey, [isAuthority], own.privateKey);
  return {
    cert,
    issue(names) {
      const { publicKey, privateKey } = pair();
      const alternatives = names.map((one) =>
        /^[\d.]+$/.test(one)
          ? tlv(0x87, Buffer.from(one.split(".").map(Number)))
          : tlv(0x82, Buffer.from(one))
      );
      const extensions = [extension("551d11", false, tlv(0x30, ...alternatives))];
      return {
        cert: certificate(issuer, rdn(names[0] ?? "server"), publicKey, extensions, own.privateKey),
        key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      };
    },
  };
}

function pair() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 */
const ALGORITHM = tlv(0x30, oid("2a8648ce3d040302"));

function certificate(
  issuer: Buffer,
  subject: Buffer,
  publicKey: KeyObject,
  extensions: readonly Buffer[],
  signer: KeyObject,
): string {
  const day = 86_400_000;
  const validity = tlv(0x30, time(Date.now() - day), time(Date.now() + 30 * day));
  const body = tlv(
    0x30,
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ALGORITHM,
    issuer,
    validity,
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, tlv(0x30, ...extensions)),
  );
  const signature = tlv(0x03, Buffer.from([0]), sign("sha256", body, signer));
  const der = tlv(0x30, body, ALGORITHM, signature);
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** A value with its tag and its length (DER). */
function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const long = value.length > 0xff ? [0x82, value.length >> 8, value.length & 0xff] : [0x81, value.length];
  return Buffer.concat([Buffer.from([tag, ...(value.length < 0x80 ? [value.length] : long)]), value]);
}

function oid(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, "hex"));
}

function rdn(name: string): Buffer {
  return tlv(0x30, tlv(0x31, tlv(0x30, oid("550403"), tlv(0x0c, Buffer.from(name)))));
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  const critical = isCritical ? [tlv(0x01, Buffer.from([0xff]))] : [];
  return tlv(0x30, oid(id), ...critical, tlv(0x04, value));
}

function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}
