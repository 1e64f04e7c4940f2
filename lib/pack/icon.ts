/**
 * The icon of a bundle, drawn: a claw hammer on a rounded square. A picture of 512 × 512 pixels needs no
 * file beside the program.
 * @module
 */
import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";

/** Pixels of each side; what a manifest of a bundle says, and hosts scale. */
export const ICON_SIZE = 512;

type Colour = readonly [number, number, number];

/** How far a point lies outside of a shape, in pixels; negative inside of it. */
type Shape = (x: number, y: number) => number;

const NIGHT: Colour = [23, 37, 61];
const DUSK: Colour = [45, 71, 110];
const STEEL: Colour = [222, 230, 240];
const WOOD: Colour = [224, 140, 60];

/** Draws the icon as a PNG file (ISO/IEC 15948). The same bytes every time. */
export function drawIcon(): Uint8Array {
  const rows = Buffer.alloc(ICON_SIZE * (1 + 4 * ICON_SIZE));
  const square = box(256, 256, 248, 248, 110);
  const handle = turned(box(0, 88, 26, 150, 22));
  const head = turned(union(box(92, -98, 74, 44, 14), box(6, -98, 52, 32, 8), claw()));
  for (let y = 0; y < ICON_SIZE; y++) {
    for (let x = 0; x < ICON_SIZE; x++) {
      let colour = blend(DUSK, NIGHT, y / ICON_SIZE);
      colour = blend(colour, WOOD, cover(handle(x, y)));
      colour = blend(colour, STEEL, cover(head(x, y)));
      // Each row begins with the number of its filter: 0, none.
      const at = y * (1 + 4 * ICON_SIZE) + 1 + 4 * x;
      rows.set([...colour.map(Math.round), Math.round(255 * cover(square(x, y)))], at);
    }
  }
  return encode(rows);
}

/** A rectangle with rounded corners, by its centre, half its sides and the radius of its corners. */
function box(cx: number, cy: number, halfWidth: number, halfHeight: number, radius: number): Shape {
  return (x, y) => {
    const dx = Math.abs(x - cx) - halfWidth + radius;
    const dy = Math.abs(y - cy) - halfHeight + radius;
    return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
  };
}

/** The claw: a crescent that bends down, between a circle and another one below it. */
function claw(): Shape {
  return (x, y) => {
    const outer = Math.hypot(x + 40, y + 8) - 122;
    const inner = Math.hypot(x + 34, y - 22) - 108;
    return Math.max(outer, -inner, x + 24, y - 10);
  };
}

function union(...shapes: readonly Shape[]): Shape {
  return (x, y) => Math.min(...shapes.map((shape) => shape(x, y)));
}

/** A shape around the origin, turned by 38 degrees and moved to the middle. */
function turned(shape: Shape): Shape {
  const angle = 38 * Math.PI / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return (x, y) => {
    const [dx, dy] = [x - 262, y - 262];
    return shape(dx * cos + dy * sin, dy * cos - dx * sin);
  };
}

/** How much of a pixel a shape covers: its edge is as wide as one. */
function cover(distance: number): number {
  return Math.min(1, Math.max(0, 0.5 - distance));
}

function blend(below: Colour, above: Colour, share: number): Colour {
  const mix = (i: 0 | 1 | 2) => below[i] + (above[i] - below[i]) * share;
  return [mix(0), mix(1), mix(2)];
}

/** Wraps rows of red, green, blue and opacity, eight bits each, in the chunks of a PNG file. */
function encode(rows: Uint8Array): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(ICON_SIZE, 0);
  header.writeUInt32BE(ICON_SIZE, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
