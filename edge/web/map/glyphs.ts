// How a seat looks: every state has a shape of its own, so that colour only helps. Draws around
// (x, y) with a radius in device pixels; the smaller the seat, the simpler the shape.
import { css, ink_on, mix, type Theme } from './theme.ts';

export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

// Kinds of seats that tiles are made of. The first three come once for each category.
export const enum Kind {
  free,
  accessible,
  companion,
  held,
  sold,
  blocked,
  faint, // of a category that is filtered out
  chosen,
  mine,
}

const SMALL = 3.2; // below this radius there is no room for a glyph

function disc(c: Context, x: number, y: number, r: number): void {
  c.beginPath();
  c.arc(x, y, r, 0, 2 * Math.PI);
  c.fill();
}

function ring(c: Context, x: number, y: number, r: number, width: number): void {
  c.lineWidth = width;
  c.beginPath();
  c.arc(x, y, r - width / 2, 0, 2 * Math.PI);
  c.stroke();
}

function lines(c: Context, width: number, points: readonly number[][]): void {
  c.lineWidth = width;
  c.lineCap = c.lineJoin = 'round';
  c.beginPath();
  for (const line of points) {
    for (let i = 0; i < line.length; i += 2) {
      if (i === 0) c.moveTo(line[0]!, line[1]!);
      else c.lineTo(line[i]!, line[i + 1]!);
    }
  }
  c.stroke();
}

function square(c: Context, x: number, y: number, r: number): void {
  c.beginPath();
  c.roundRect(x - r, y - r, 2 * r, 2 * r, r * 0.35);
  c.fill();
}

// A person in a wheelchair, seen from the side.
function wheelchair(c: Context, x: number, y: number, r: number): void {
  const u = r / 10;
  c.beginPath();
  c.arc(x - 1.5 * u, y - 6.6 * u, 1.7 * u, 0, 2 * Math.PI);
  c.fill();
  lines(c, 1.7 * u, [
    [x - 1.5 * u, y - 3.6 * u, x - 1.5 * u, y + 1.4 * u, x + 3 * u, y + 1.4 * u, x + 5 * u,
      y + 6 * u],
    [x - 1.5 * u, y - 1.6 * u, x + 2.6 * u, y - 1.6 * u],
  ]);
  c.beginPath();
  c.arc(x - 0.6 * u, y + 2.6 * u, 4.6 * u, 0.25 * Math.PI, 1.2 * Math.PI);
  c.stroke();
}

function free_draw(c: Context, kind: Kind, colors: string[], x: number, y: number, r: number) {
  const [color, ink] = colors as [string, string];
  c.fillStyle = color;
  if (kind === Kind.free) {
    disc(c, x, y, r);
    return;
  }
  square(c, x, y, r * 0.98);
  c.fillStyle = c.strokeStyle = ink;
  if (r < SMALL) return;
  if (kind === Kind.accessible) wheelchair(c, x, y, r);
  else lines(c, r * 0.24, [[x - r * 0.45, y, x + r * 0.45, y], [x, y - r * 0.45, x, y + r * 0.45]]);
}

// Somebody's: an outline, half full, like an hourglass that has run half out.
function held_draw(c: Context, t: Theme, x: number, y: number, r: number): void {
  c.fillStyle = c.strokeStyle = t.held;
  ring(c, x, y, r * 0.94, Math.max(0.9, r * 0.18));
  if (r < SMALL) return;
  c.beginPath();
  c.arc(x, y, r * 0.58, 0, Math.PI);
  c.fill();
}

function gone_draw(c: Context, t: Theme, kind: Kind, x: number, y: number, r: number): void {
  c.fillStyle = c.strokeStyle = t.sold;
  const a = r * 0.42;
  if (r < 2.2) disc(c, x, y, Math.max(0.6, r * 0.4));
  else if (kind === Kind.sold) {
    lines(c, Math.max(1, r * 0.2), [[x - a, y - a, x + a, y + a], [x - a, y + a, x + a, y - a]]);
  } else lines(c, Math.max(1, r * 0.2), [[x - r * 0.55, y, x + r * 0.55, y]]);
}

function chosen_draw(c: Context, t: Theme, x: number, y: number, r: number): void {
  const big = Math.max(r * 1.18, 5);
  c.fillStyle = t.paper;
  disc(c, x, y, big + Math.max(1.5, r * 0.12));
  c.fillStyle = t.chosen;
  disc(c, x, y, big);
  c.strokeStyle = t.chosen_ink;
  lines(c, big * 0.24, [
    [x - big * 0.45, y + big * 0.02, x - big * 0.1, y + big * 0.38, x + big * 0.48, y - big * 0.34],
  ]);
}

function mine_draw(c: Context, t: Theme, x: number, y: number, r: number): void {
  const big = Math.max(r * 1.3, 6);
  c.fillStyle = t.paper;
  disc(c, x, y, r * 1.12);
  c.fillStyle = t.chosen;
  c.beginPath();
  c.moveTo(x, y - big);
  c.lineTo(x + big, y);
  c.lineTo(x, y + big);
  c.lineTo(x - big, y);
  c.closePath();
  c.fill();
  c.fillStyle = t.chosen_ink;
  disc(c, x, y, big * 0.3);
}

export function seat_draw(
  c: Context,
  t: Theme,
  kind: Kind,
  category: number,
  x: number,
  y: number,
  r: number,
): void {
  const color = t.categories[category] ?? ([128, 128, 128] as const);
  switch (kind) {
    case Kind.free:
    case Kind.accessible:
    case Kind.companion:
      free_draw(c, kind, [css(color), css(ink_on(color))], x, y, r);
      break;
    case Kind.faint:
      c.fillStyle = css(mix(t.paper_rgb, color, 0.22));
      disc(c, x, y, r * 0.7);
      break;
    case Kind.held:
      held_draw(c, t, x, y, r);
      break;
    case Kind.sold:
    case Kind.blocked:
      gone_draw(c, t, kind, x, y, r);
      break;
    case Kind.chosen:
      chosen_draw(c, t, x, y, r);
      break;
    case Kind.mine:
      mine_draw(c, t, x, y, r);
      break;
  }
}
