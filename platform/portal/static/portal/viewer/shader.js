/** The shaders: rescale, window, turn, lay the map over; the same arithmetic as the Canvas back-end. */

export const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
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
uniform bool even;
uniform bool signedMap;
uniform float surround;
out vec4 result;

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

float strength(ivec2 low, ivec2 high, vec2 part) {
  float a = float(texelFetch(map, low, 0).r);
  float b = float(texelFetch(map, ivec2(high.x, low.y), 0).r);
  float c = float(texelFetch(map, ivec2(low.x, high.y), 0).r);
  float d = float(texelFetch(map, high, 0).r);
  return mix(mix(a, b, part.x), mix(c, d, part.x), part.y);
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
    float value = strength(low, high, part);
    float weight = signedMap ? min(abs(value - 128.0) / 127.0, 1.0) : value / 255.0;
    float alpha = even ? opacity : opacity * weight;
    base = mix(base, 255.0 * texelFetch(table, ivec2(int(floor(value + 0.5)), 0), 0).rgb, alpha);
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
