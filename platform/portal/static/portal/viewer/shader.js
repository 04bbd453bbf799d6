/** The shaders: rescale, window, turn, lay the map over; the same arithmetic as the Canvas back-end. */

import { CASING, CASING_WIDTH, DIVERGING_LINES, REACH, SEQUENTIAL_LINES } from "./lines.js";

/** @param {number[]} numbers as the shading language writes them */
function floats(numbers) {
  return numbers.map((number) => (Number.isInteger(number) ? `${number}.0` : String(number))).join(", ");
}

export const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

/**
 * One program for colour and one for lines: software renderers run both sides of a branch.
 * @param {boolean} lines
 */
export const fragment = (lines) => `#version 300 es
#define LINES ${lines ? 1 : 0}
precision highp float;
precision highp int;
precision highp usampler2D;
precision highp sampler2D;

uniform usampler2D grey;
uniform usampler2D map;
uniform sampler2D table;
uniform sampler2D colour;
uniform ivec2 imageSize;
uniform vec3 placed;      // left, top, height of the target in pixels
uniform vec2 pixelStep;   // image pixels per target pixel
uniform int taps;
uniform bool coloured;
uniform vec3 rescale;     // offset, slope, intercept
uniform vec2 window;      // centre, width
uniform int voi;
uniform bool turned;
uniform float opacity;
uniform int blend;        // 0 weighted, 1 even, 2 lines
uniform float cut;        // least strength shown, in steps of the map
uniform float lineHalf;   // half a line's width in target pixels
uniform bool signedMap;
uniform float surround;
out vec4 result;

const float plainLevels[${SEQUENTIAL_LINES.levels.length}] = float[](${floats(SEQUENTIAL_LINES.levels)});
const float plainEntries[${SEQUENTIAL_LINES.levels.length}] = float[](${floats(SEQUENTIAL_LINES.entries)});
const float signedLevels[${DIVERGING_LINES.levels.length}] = float[](${floats(DIVERGING_LINES.levels)});
const float signedEntries[${DIVERGING_LINES.levels.length}] = float[](${floats(DIVERGING_LINES.entries)});

// The four neighbours of a point, and how far it lies between them. Pixel centres are at i + 0.5.
void neighbours(vec2 point, out ivec2 low, out ivec2 high, out vec2 part) {
  vec2 last = vec2(imageSize - 1);
  vec2 at = clamp(point - 0.5, vec2(0.0), last);
  vec2 base = floor(at);
  part = at - base;
  low = ivec2(base);
  high = ivec2(min(base + 1.0, last));
}

float stored(ivec2 low, ivec2 high, vec2 part) {
  float a = float(texelFetch(grey, low, 0).r);
  float b = float(texelFetch(grey, ivec2(high.x, low.y), 0).r);
  float c = float(texelFetch(grey, ivec2(low.x, high.y), 0).r);
  float d = float(texelFetch(grey, high, 0).r);
  return mix(mix(a, b, part.x), mix(c, d, part.x), part.y);
}

vec3 colours(ivec2 low, ivec2 high, vec2 part) {
  vec3 a = texelFetch(colour, low, 0).rgb;
  vec3 b = texelFetch(colour, ivec2(high.x, low.y), 0).rgb;
  vec3 c = texelFetch(colour, ivec2(low.x, high.y), 0).rgb;
  vec3 d = texelFetch(colour, high, 0).rgb;
  return 255.0 * mix(mix(a, b, part.x), mix(c, d, part.x), part.y);
}

// Per image pixel, over so far to either side: a map in steps of one has a slope all the same.
float change(ivec2 at, ivec2 way) {
  ivec2 one = max(at - ${REACH} * way, ivec2(0));
  ivec2 two = min(at + ${REACH} * way, imageSize - 1);
  int apart = (two.x - one.x) + (two.y - one.y);
  return apart == 0 ? 0.0 : float(int(texelFetch(map, two, 0).r) - int(texelFetch(map, one, 0).r)) / float(apart);
}

// The map's value, and how much it changes from one target pixel to the next.
float mapped(ivec2 low, ivec2 high, vec2 part, out float slope) {
  float a = float(texelFetch(map, low, 0).r);
  float b = float(texelFetch(map, ivec2(high.x, low.y), 0).r);
  float c = float(texelFetch(map, ivec2(low.x, high.y), 0).r);
  float d = float(texelFetch(map, high, 0).r);
  slope = 0.0;
#if LINES
  ivec2 near = ivec2(part.x < 0.5 ? low.x : high.x, part.y < 0.5 ? low.y : high.y);
  slope = length(vec2(change(near, ivec2(1, 0)), change(near, ivec2(0, 1))) * pixelStep);
#endif
  return mix(mix(a, b, part.x), mix(c, d, part.x), part.y);
}

float strengthOf(float value) {
  return signedMap ? abs(value - 128.0) : value;
}

vec3 entry(float value) {
  return 255.0 * texelFetch(table, ivec2(int(floor(value + 0.5)), 0), 0).rgb;
}

vec3 filled(vec3 base, float value) {
  float strength = strengthOf(value);
  if (strength < cut) return base;
  float alpha = blend == 1 ? opacity : opacity * min(strength / (signedMap ? 127.0 : 255.0), 1.0);
  return mix(base, entry(value), alpha);
}

vec3 lined(vec3 base, float value, float slope) {
  int count = signedMap ? ${DIVERGING_LINES.levels.length} : ${SEQUENTIAL_LINES.levels.length};
  float nearest = 1e9;
  int at = 0;
  for (int i = 0; i < count; i++) {
    float level = signedMap ? signedLevels[i] : plainLevels[i];
    if (strengthOf(level) < cut) continue;
    float away = abs(value - level) / max(slope, 0.001);
    if (away < nearest) { nearest = away; at = i; }
  }
  float alpha = min(1.0, 2.0 * opacity);
  base = mix(base, vec3(0.0), ${floats([CASING])} * alpha * clamp(lineHalf + ${floats([CASING_WIDTH])} + 0.5 - nearest, 0.0, 1.0));
  return mix(base, entry(signedMap ? signedEntries[at] : plainEntries[at]), alpha * clamp(lineHalf + 0.5 - nearest, 0.0, 1.0));
}

float windowed(float value) {
  float centre = window.x;
  float width = window.y;
  if (voi == 2) return 255.0 / (1.0 + exp(-4.0 * (value - centre) / width));
  if (voi == 1) return clamp(((value - centre) / width + 0.5) * 255.0, 0.0, 255.0);
  if (width <= 1.0) return value <= centre - 0.5 ? 0.0 : 255.0;
  return clamp(((value - (centre - 0.5)) / (width - 1.0) + 0.5) * 255.0, 0.0, 255.0);
}

vec3 shown(vec2 point) {
  if (any(lessThan(point, vec2(0.0))) || any(greaterThanEqual(point, vec2(imageSize)))) return vec3(surround);
  ivec2 low, high;
  vec2 part;
  neighbours(point, low, high, part);
  vec3 base;
  if (coloured) base = colours(low, high, part);
  else base = vec3(windowed((stored(low, high, part) - rescale.x) * rescale.y + rescale.z));
  if (turned) base = 255.0 - base;
  if (opacity > 0.0) {
    float slope;
    float value = mapped(low, high, part, slope);
#if LINES
    base = lined(base, value, slope);
#else
    base = filled(base, value);
#endif
  }
  return base;
}

void main() {
  vec2 pixel = vec2(gl_FragCoord.x - 0.5, placed.z - gl_FragCoord.y - 0.5);
  vec3 sum = vec3(0.0);
  for (int j = 0; j < taps; j++) {
    for (int i = 0; i < taps; i++) {
      vec2 inside = (vec2(float(i), float(j)) + 0.5) / float(taps);
      sum += shown(placed.xy + (pixel + inside) * pixelStep);
    }
  }
  result = vec4(floor(sum / float(taps * taps) + 0.5) / 255.0, 1.0);
}`;
