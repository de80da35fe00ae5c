// The rate recurrence over time, forward, replayed and backward. Plain C interface, no torch, no
// OpenMP. Arrays are row-major and time-first. The cell is updated where the sums of its gates end.

#include "vector.h"

using namespace subspike;

extern "C" {

// dimensions and choices of a call, filled by kernels/cpu.py in this order
struct Call {
  int32_t steps, batch, hidden, inputs;  // inputs 0: `drive` holds W x + b already
  int32_t gates;                         // 4, or 3 with a constant forget
  int32_t gate_activation, cell_activation;
  int32_t output_activation, forget_activation;  // of o and f in a backward, where codes mix
  int32_t workers;
  int32_t keep;  // 1: gates and every cell are stored, 0: only the last cell
};

int32_t vector_length() { return VL; }

// weight (rows x columns), row g * hidden + u  ->  [tile][column][gate][VL], zero where padded
void pack(const float* weight, float* packed, int32_t gates, int32_t hidden, int32_t columns) {
  const int tiles = (hidden + VL - 1) / VL;
  for (int tile = 0; tile < tiles; ++tile)
    for (int g = 0; g < gates; ++g) {
      const int units = hidden - tile * VL < VL ? hidden - tile * VL : VL;
      const float* from = weight + (int64_t(g) * hidden + tile * VL) * columns;
      float* to = packed + (int64_t(tile) * columns * gates + g) * VL;
      for (int k = 0; k < columns; ++k)
        for (int lane = 0; lane < VL; ++lane)
          to[int64_t(k) * gates * VL + lane] = lane < units ? from[int64_t(lane) * columns + k] : 0;
    }
}

// weight (rows x hidden) -> [wide tile][row][its width], for the product with the gates' gradient;
// the last tile is as many vectors wide as it needs
void pack_wide(const float* weight, float* packed, int32_t rows, int32_t hidden) {
  for (int u = 0; u < hidden; u += WIDE * VL) {
    const int left = (hidden - u + VL - 1) / VL * VL;
    const int width = left < WIDE * VL ? left : WIDE * VL;
    for (int j = 0; j < rows; ++j)
      for (int lane = 0; lane < width; ++lane)
        packed[int64_t(u) * rows + int64_t(j) * width + lane] =
            u + lane < hidden ? weight[int64_t(j) * hidden + u + lane] : 0.0f;
  }
}

// ask for large pages: touching fresh memory for the first time costs a third of a training step
void prefer_large_pages(void* start, int64_t bytes) {
#ifdef __linux__
  const int64_t page = int64_t(1) << 21;
  const int64_t from = (reinterpret_cast<int64_t>(start) + page - 1) / page * page;
  const int64_t length = (reinterpret_cast<int64_t>(start) + bytes - from) / page * page;
  if (length > 0) madvise(reinterpret_cast<void*>(from), length, MADV_HUGEPAGE);
#else
  (void)start, (void)bytes;
#endif
}
}

namespace {

template <int G>
void forward(const Call& s, const float* x, const float* drive, const float* w_in,
             const float* bias, const float* w_rec, const float* forget, const float* h0,
             const float* c0, float* h, float* c, float* gates) {
  constexpr int ROWS = ACCUMULATORS / G;
  const int H = s.hidden, tiles = (H + VL - 1) / VL;
  const int64_t plane = int64_t(s.batch) * H;
  in_parallel(s.workers, s.batch, [&](int, int row, int end) {
    std::vector<float> alone(end - row == 1 ? size_t(tiles) * G * VL : 0);
    for (int t = 0; t < s.steps; ++t) {
      const float* before = t ? h + (t - 1) * plane : h0;
      const float* cells = t ? (s.keep ? c + (t - 1) * plane : c) : c0;
      float* now = s.keep ? c + t * plane : c;
      // the sums of R rows of a tile, then what follows from those of one row
      auto sum = [&](auto& sums, int b, int tile) {
        constexpr int R = sizeof(sums) / sizeof(sums[0]);
        const int u = tile * VL;
        for (int r = 0; r < R; ++r)
          for (int g = 0; g < G; ++g)
            sums[r][g] = s.inputs
                ? load(bias + g * H + u, H - u)
                : load(drive + ((int64_t(t) * s.batch + b + r) * G + g) * H + u, H - u);
        if (s.inputs)
          multiply<R, G>(sums, x + (int64_t(t) * s.batch + b) * s.inputs, s.inputs,
                         w_in + int64_t(tile) * s.inputs * G * VL, s.inputs);
        multiply<R, G>(sums, before + int64_t(b) * H, H, w_rec + int64_t(tile) * H * G * VL, H);
      };
      auto finish = [&](const vf (&sums)[G], int b, int tile) {
        const int u = tile * VL, n = H - u;
        const int64_t at = int64_t(b) * H + u;
        vf value[G];
        for (int g = 0; g < G; ++g) value[g] = activate(sums[g], s.gate_activation);
        const vf f = G == 4 ? value[G - 1] : load(forget + u, n);
        const vf cell = f * load(cells + at, n) + value[0] - value[1];
        store(now + at, cell, n);
        store(h + t * plane + at, activate(cell, s.cell_activation) - value[2], n);
        if (s.keep)
          for (int g = 0; g < G; ++g)
            store(gates + ((int64_t(t) * s.batch + b) * G + g) * H + u, value[g], n);
      };
      if (end - row == 1) {
        // a row alone would wait for every activation; after all sums they overlap
        for (int tile = 0; tile < tiles; ++tile) {
          vf sums[1][G];
          sum(sums, row, tile);
          for (int g = 0; g < G; ++g) store(&alone[(size_t(tile) * G + g) * VL], sums[0][g]);
        }
        for (int tile = 0; tile < tiles; ++tile) {
          vf sums[G];
          for (int g = 0; g < G; ++g) sums[g] = load(&alone[(size_t(tile) * G + g) * VL]);
          finish(sums, row, tile);
        }
        continue;
      }
      for (int tile = 0; tile < tiles; ++tile)
        by_rows<ROWS>(row, end, [&](auto rows, int b) {
          constexpr int R = decltype(rows)::value;
          vf sums[R][G];
          sum(sums, b, tile);
          for (int r = 0; r < R; ++r) finish(sums[r], b + r, tile);
        });
    }
  });
}

// gates and cells of a stretch whose h is known: all drives came from one product
template <int G>
void replay(const Call& s, const float* drive, const float* forget, const float* c0, float* c,
            float* gates) {
  const int H = s.hidden, tiles = (H + VL - 1) / VL;
  const int64_t plane = int64_t(s.batch) * H;
  in_parallel(s.workers, s.batch, [&](int, int row, int end) {
    for (int t = 0; t < s.steps; ++t)
      for (int b = row; b < end; ++b)
        for (int tile = 0; tile < tiles; ++tile) {
          const int u = tile * VL, n = H - u;
          const int64_t at = int64_t(b) * H + u;
          vf value[G];
          for (int g = 0; g < G; ++g) {
            const int64_t place = ((int64_t(t) * s.batch + b) * G + g) * H + u;
            value[g] = activate(load(drive + place, n), s.gate_activation);
            store(gates + place, value[g], n);
          }
          const vf f = G == 4 ? value[G - 1] : load(forget + u, n);
          const vf before = load((t ? c + (t - 1) * plane : c0) + at, n);
          store(c + t * plane + at, f * before + value[0] - value[1], n);
        }
  });
}

// gradient of the pre-activations over a stretch, last step first; dh and dc go in and come out
//
//   dh += grad_h_t;  dc += grad_c_t + dh act_c'(c_t)
//   dz = dc, di = -dc, do = -dh, df = dc c_{t-1};  d(drive) = d(gate) act'
//   dc_{t-1} = dc f;  dh_{t-1} = d(drive) R
template <int G>
void backward(const Call& s, const float* w_back, const float* forget, const float* gates,
              const float* c, const float* c0, const float* grad_h, const float* grad_c, float* dh,
              float* dc, float* d_drive, double* d_forget) {
  constexpr int ROWS = ACCUMULATORS / WIDE;
  const int H = s.hidden, tiles = (H + VL - 1) / VL;
  const int64_t plane = int64_t(s.batch) * H;
  in_parallel(s.workers, s.batch, [&](int w, int row, int end) {
    [[maybe_unused]] const FlushDenormals flush;
    std::vector<float> f_sum(G == 3 ? size_t(tiles) * VL : 0, 0.0f);
    for (int t = s.steps - 1; t >= 0; --t) {
      for (int b = row; b < end; ++b)
        for (int tile = 0; tile < tiles; ++tile) {
          const int u = tile * VL, n = H - u;
          const int64_t at = int64_t(b) * H + u;
          const float* g = gates + (int64_t(t) * s.batch + b) * G * H + u;
          float* d = d_drive + (int64_t(t) * s.batch + b) * G * H + u;
          const vf cell = load(c + t * plane + at, n);
          const vf before = load((t ? c + (t - 1) * plane : c0) + at, n);
          const vf z = load(g, n), i = load(g + H, n), o = load(g + 2 * H, n);
          const vf f = G == 4 ? load(g + 3 * H, n) : load(forget + u, n);
          vf up = load(dh + at, n);
          if (grad_h) up += load(grad_h + t * plane + at, n);
          vf into = load(dc + at, n);
          if (grad_c) into += load(grad_c + t * plane + at, n);
          into += up * slope_at(cell, activate(cell, s.cell_activation), s.cell_activation);
          store(d, into * slope(z, s.gate_activation), n);
          store(d + H, -into * slope(i, s.gate_activation), n);
          store(d + 2 * H, -up * slope(o, s.output_activation), n);
          if (G == 4) store(d + 3 * H, into * before * slope(f, s.forget_activation), n);
          if (G == 3) store(&f_sum[u], load(&f_sum[u]) + into * before);
          store(dc + at, into * f, n);
        }
      for (int u = 0; u < H; u += WIDE * VL) {
        const int left = (H - u + VL - 1) / VL;
        block<WIDE>(left < WIDE ? left : WIDE, u, [&](auto vectors, int) {
          constexpr int NV = decltype(vectors)::value;
          by_rows<ROWS>(row, end, [&](auto rows, int b) {
            constexpr int R = decltype(rows)::value;
            vf sums[R][NV] = {};
            multiply<R, NV>(sums, d_drive + (int64_t(t) * s.batch + b) * G * H, int64_t(G) * H,
                            w_back + int64_t(u) * G * H, G * H);
            for (int r = 0; r < R; ++r)
              for (int v = 0; v < NV; ++v)
                store(dh + int64_t(b + r) * H + u + v * VL, sums[r][v], H - u - v * VL);
          });
        });
      }
    }
    if (G == 3)
      for (int u = 0; u < H; ++u) d_forget[int64_t(w) * H + u] += f_sum[u];
  });
}

}  // namespace

extern "C" {

void rate_forward(const Call* s, const float* x, const float* drive, const float* w_in,
                  const float* bias, const float* w_rec, const float* forget, const float* h0,
                  const float* c0, float* h, float* c, float* gates) {
  (s->gates == 4 ? forward<4> : forward<3>)(*s, x, drive, w_in, bias, w_rec, forget, h0, c0, h, c,
                                            gates);
}

void rate_replay(const Call* s, const float* drive, const float* forget, const float* c0, float* c,
                 float* gates) {
  (s->gates == 4 ? replay<4> : replay<3>)(*s, drive, forget, c0, c, gates);
}

void rate_backward(const Call* s, const float* w_back, const float* forget, const float* gates,
                   const float* c, const float* c0, const float* grad_h, const float* grad_c,
                   float* dh, float* dc, float* d_drive, double* d_forget) {
  (s->gates == 4 ? backward<4> : backward<3>)(*s, w_back, forget, gates, c, c0, grad_h, grad_c, dh,
                                              dc, d_drive, d_forget);
}
}
