// Convolutions and linear layers by dot products of a few input channels at a time (vpdpbusd, vpmaddubsw, vdpbf16ps).
// After staging, every tile is R pixels x NB blocks of output channels without any bounds to look at, and an output is
// written once.
#pragma once

#include "kernels/simd/dense_stage.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

// Where a tile lies in the output.
struct Place {
  std::int64_t image, block, pixel;
};

// What a tile reads: blocks of the input `plane` bytes apart, taps at `offsets` from a pixel.
struct Staged {
  const std::uint8_t* data;
  std::int64_t plane;
  std::int64_t taps;
  const std::int64_t* offsets;
};

// Of one chunk of output channels.
struct ChunkWeights {
  const std::uint8_t* data;
  const DotChunk* rests;    // where K::kSplits
  const std::uint8_t* all;  // what rests->at counts from
};

// What a dot product is, K, beside what staging asks of it:
//   Acc, Weight      vectors of sums, and of weights
//   kStep            input channels of one dot product of 4 bytes
//   kSplits          weights have rests, see DotChunk
//   kInstruction     its name, for people
//   start(args, place, block, row)  what a sum starts with
//   dot(sum, x, w), load_weight(p), broadcast_x(p), to_float(sum)
//   finish(args, place, rows, blocks, sums)
// One loop around one body: unrolled further, or twice in the code, GCC 12 runs out of registers.
template <typename K, int R, int NB>
__attribute__((noinline)) void dense_tile(const typename K::Args& a, const Place& place, const Staged& in,
                                          const std::uint8_t* x, std::int64_t channels, ChunkWeights w) {
  typename K::Acc acc[R][NB];
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) {
#pragma GCC unroll 2
    for (int b = 0; b < NB; ++b) acc[p][b] = K::start(a, place, b, p);
  }
  const std::uint8_t* const pixel = x;
  for (; channels > 0; channels -= kLanes, x += in.plane) {
    const std::int64_t bytes = channels >= kLanes ? K::kPixelBytes : (channels + K::kStep - 1) / K::kStep * 4;
    for (std::int64_t t = 0; t < in.taps; ++t) {
      const std::uint8_t *at = x + in.offsets[t], *end = at + bytes;
#pragma GCC unroll 1
      do {
        typename K::Weight wv[NB];
#pragma GCC unroll 2
        for (int b = 0; b < NB; ++b) wv[b] = K::load_weight(w.data + b * kLanes * 4);
#pragma GCC unroll 16
        for (int p = 0; p < R; ++p) {
          typename K::Weight xv = K::broadcast_x(at + p * K::kPixelBytes);
#pragma GCC unroll 2
          for (int b = 0; b < NB; ++b) acc[p][b] = K::dot(acc[p][b], xv, wv[b]);
        }
        w.data += NB * kLanes * 4;
        at += 4;
      } while (at != end);
    }
  }
  if constexpr (K::kSplits) {
    const auto* rest = reinterpret_cast<const DotRest*>(w.all + w.rests->at);
    const auto* rest_weights = reinterpret_cast<const std::uint8_t*>(rest + w.rests->count[0] + w.rests->count[1]);
#pragma GCC unroll 2
    for (int b = 0; b < NB; ++b)
      for (std::int64_t i = w.rests->count[b]; i > 0; --i, ++rest, rest_weights += kLanes * 4) {
        const std::uint8_t* at = pixel + rest->in_block * in.plane + in.offsets[rest->tap] + rest->byte;
        const typename K::Weight wv = K::load_weight(rest_weights);
#pragma GCC unroll 16
        for (int p = 0; p < R; ++p) acc[p][b] = K::dot(acc[p][b], K::broadcast_x(at + p * K::kPixelBytes), wv);
      }
  }
  alignas(64) float sums[R * NB * kLanes];
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) {
#pragma GCC unroll 2
    for (int b = 0; b < NB; ++b) store(sums + (p * NB + b) * kLanes, K::to_float(acc[p][b]));
  }
  K::finish(a, place, R, NB, sums);
}

// `count` pixels from `x` on (bytes), which go to place.pixel and on.
template <typename K, int NB>
void dense_pixels(const typename K::Args& a, const Staged& in, const std::uint8_t* x, std::int64_t channels,
                  const ChunkWeights& w, Place place, std::int64_t count) {
  while (count > 0) {
    const int rows = next_tile(count);
    with_rows<kTileRows>(rows, [&]<int R>() { dense_tile<K, R, NB>(a, place, in, x, channels, w); });
    x += rows * K::kPixelBytes;
    place.pixel += rows;
    count -= rows;
  }
}

template <typename K>
Window dense_window(const Conv2dShape& s) {
  return Window(s, blocks_of(s.in_c), K::kPixelBytes);
}

template <typename K>
bool reads_input_itself(const typename K::Args& a, const Window& w) {
  return w.flat && K::kAsIs && !a.row_major && a.shape.stride_h == 1 && a.shape.stride_w == 1 &&
         a.shape.in_w == a.shape.out_w;
}

template <typename K>
ChunkWeights chunk_weights(const typename K::Args& a, std::int64_t chunk, std::int64_t block, std::int64_t channels) {
  const auto* all = static_cast<const std::uint8_t*>(a.weights);
  constexpr std::int64_t kDots = kLanes / K::kStep;  // of a whole block
  const std::int64_t dots = channels / kLanes * kDots + (channels % kLanes + K::kStep - 1) / K::kStep;
  ChunkWeights weights{all + block * dots * a.shape.kernel_h * a.shape.kernel_w * kLanes * 4, nullptr, all};
  if constexpr (K::kSplits) weights.rests = a.chunks + chunk;
  return weights;
}

template <typename K>
Extent dense_extent(const typename K::Args& a) {
  const Conv2dShape& s = a.shape;
  return {s.groups * chunks_of(s.out_c / s.groups), s.batch * dense_window<K>(s).strips};
}

template <typename K>
std::int64_t dense_scratch(const typename K::Args& a) {
  const Window w = dense_window<K>(a.shape);
  return reads_input_itself<K>(a, w) ? 0 : w.in_blocks * w.pixels(a.shape, w.strips_at_once) * K::kPixelBytes;
}

template <typename K>
void dense(const typename K::Args& a, Extent begin, Extent end, std::uint8_t* scratch) {
  const Conv2dShape& s = a.shape;
  const Window w = dense_window<K>(s);
  const bool in_place = reads_input_itself<K>(a, w);
  const std::int64_t channels = s.in_c / s.groups, out_blocks = blocks_of(s.out_c / s.groups),
                     chunks = chunks_of(s.out_c / s.groups), row_bytes = w.row_pixels() * K::kPixelBytes;
  std::int64_t offsets[kMaxDotTaps] = {};
  for (std::int64_t ky = 0, t = 0; !w.flat && ky < s.kernel_h; ++ky)
    for (std::int64_t kx = 0; kx < s.kernel_w; ++kx, ++t) {
      const std::int64_t x = kx * s.dilation_w;
      offsets[t] = ky * s.dilation_h * row_bytes + (x % s.stride_w * w.run + x / s.stride_w) * K::kPixelBytes;
    }
  const std::int64_t taps = s.kernel_h * s.kernel_w;
  for (std::int64_t first = begin.strips, last; first < end.strips; first = last) {
    const std::int64_t image = first / w.strips, image_end = (image + 1) * w.strips, y = first - image * w.strips;
    last = first + w.strips_at_once < end.strips ? first + w.strips_at_once : end.strips;
    if (last > image_end) last = image_end;
    const std::int64_t count = last - first;
    Staged in{scratch, w.pixels(s, count) * K::kPixelBytes, taps, offsets};
    if (in_place)
      in = {reinterpret_cast<const std::uint8_t*>(a.in + (image * w.in_blocks * s.in_h * s.in_w + y) * kLanes),
            s.in_h * s.in_w * K::kPixelBytes, taps, offsets};
    else
      w.flat ? stage_flat<K>(a, w, image, y, count, scratch) : stage_rows<K>(a, w, image, y, count, scratch);
    for (std::int64_t chunk = begin.chunks; chunk < end.chunks; ++chunk) {
      const std::int64_t group = chunk / chunks, in_group = chunk % chunks * 2, block = group * out_blocks + in_group;
      const ChunkWeights weights = chunk_weights<K>(a, chunk, block, channels);
      const std::uint8_t* x = in.data + group * (channels / kLanes) * in.plane;
      const bool pair = in_group + 1 < out_blocks;
      for (std::int64_t row = 0; row < (w.flat ? 1 : count); ++row) {
        const std::uint8_t* at = x + row * s.stride_h * row_bytes;
        const Place place{image, block, w.flat ? y : (y + row) * s.out_w};
        const std::int64_t n = w.flat ? count : s.out_w;
        pair ? dense_pixels<K, 2>(a, in, at, channels, weights, place, n)
             : dense_pixels<K, 1>(a, in, at, channels, weights, place, n);
      }
    }
  }
}

template <typename K>
constexpr DotKernel<typename K::Args> dense_kernel() {
  return {dense_extent<K>, dense<K>, dense_scratch<K>, K::kStep, K::kSplits, K::kInstruction};
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
