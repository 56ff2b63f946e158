#include "language/benchmark.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/check.h"
#include "base/thread_pool.h"
#include "graph/op.h"

namespace frugal {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// A sequence with a context of some tokens; which ones they are changes no time.
int with_context(Runner& runner, int context) {
  const int sequence = runner.cache().open();
  for (int begin = 0; begin < context; begin += 256) {
    RowBatch batch;
    for (int i = begin; i < std::min(begin + 256, context); ++i)
      batch.add(static_cast<std::int32_t>((i * 31 + 7) % runner.vocabulary()), sequence, i, i, false);
    runner.run(batch);
  }
  runner.cache().commit(sequence, context);
  return sequence;
}

}  // namespace

std::int64_t weight_bytes_read(const Model& model) {
  const Graph& graph = model.graph;
  std::int64_t bytes = 0;
  std::vector<bool> whole(graph.values().size());
  for (const Node& node : graph.nodes())
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      if (node.inputs[i] != kNone && node.op->name != "embedding")
        whole[static_cast<std::size_t>(node.inputs[i])] = true;
  for (std::size_t i = 0; i < graph.values().size(); ++i) {
    const Value& value = graph.values()[i];
    if (value.kind != ValueKind::weight) continue;
    const auto size = static_cast<std::int64_t>(byte_size(value.type.dtype, fixed_shape(value.type.shape)));
    bytes += whole[i] ? size : size / std::max<std::int64_t>(1, value.type.shape.at(0).value());
  }
  return bytes;
}

double measured_read_rate(int threads) {
  Tensor memory(DType::u8, {std::int64_t{256} << 20});          // in huge pages, as weights are
  std::memset(memory.data<std::uint8_t>(), 1, memory.bytes());  // what nobody has written is not read from memory
  ThreadPool pool(threads);
  double best = 0;
  for (int turn = 0; turn < 5; ++turn) {
    const Clock::time_point start = Clock::now();
    pool.parallel_for(memory.numel(), 4096, [&](std::int64_t begin, std::int64_t end, int) {
      // The C library looks for a zero with the widest loads that there are.
      FRUGAL_ASSERT(!std::memchr(memory.data<std::uint8_t>() + begin, 0, static_cast<std::size_t>(end - begin)));
    });
    best = std::max(best, static_cast<double>(memory.bytes()) / seconds_since(start));
  }
  return best;
}

std::vector<StepTime> step_times(Runner& runner, std::span<const int> rows, bool together, int context, int repeats) {
  const int most = *std::max_element(rows.begin(), rows.end());
  std::vector<int> sequences;
  for (int i = 0; i < (together ? 1 : most); ++i) sequences.push_back(with_context(runner, context));
  std::vector<std::vector<double>> times(rows.size());
  for (int turn = -1; turn < repeats; ++turn)  // the first turn compiles
    for (std::size_t i = 0; i < rows.size(); ++i) {
      RowBatch batch;
      for (int r = 0; r < rows[i]; ++r) {
        const int place = context + (together ? r : 0);
        batch.add(static_cast<std::int32_t>((turn * 17 + r * 13 + 64) % runner.vocabulary()),
                  sequences[together ? 0 : static_cast<std::size_t>(r)], place, place, true);
      }
      const Clock::time_point start = Clock::now();
      runner.run(batch);
      if (turn >= 0) times[i].push_back(seconds_since(start));
    }
  for (int sequence : sequences) runner.cache().close(sequence);
  std::vector<StepTime> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back({rows[i], median(times[i])});
  return out;
}

double prompt_seconds(Runner& runner, int length, int chunk, int repeats) {
  std::vector<double> times;
  for (int turn = -1; turn < repeats; ++turn) {
    const int sequence = runner.cache().open();
    const Clock::time_point start = Clock::now();
    for (int begin = 0; begin < length; begin += chunk) {
      RowBatch batch;
      const int end = std::min(begin + chunk, length);
      for (int i = begin; i < end; ++i)
        batch.add(static_cast<std::int32_t>((i * 31 + 7) % runner.vocabulary()), sequence, i, i, i + 1 == length);
      runner.run(batch);
      runner.cache().commit(sequence, end);
    }
    if (turn >= 0) times.push_back(seconds_since(start));
    runner.cache().close(sequence);
  }
  return median(times);
}

namespace {

struct Pass {
  double seconds = 0;
  std::int64_t tokens = 0;
  DraftCounts counts{};
  std::vector<std::vector<std::int32_t>> texts{};
};

// All prompts once, `options.batch` at a time.
Pass run_batches(Runner& runner, std::span<const std::vector<std::int32_t>> prompts, int max_tokens,
                 const SchedulerOptions& options, const std::function<std::unique_ptr<Drafter>()>& drafter) {
  Pass out;
  const auto batch = static_cast<std::size_t>(options.batch);
  for (std::size_t begin = 0; begin < prompts.size(); begin += batch) {
    Scheduler scheduler(runner, nullptr, {}, options.most_drafts > 0 ? drafter() : nullptr, options);
    std::vector<int> numbers;
    for (const auto& prompt : prompts.subspan(begin, std::min(batch, prompts.size() - begin))) {
      GenerateRequest request;
      request.prompt = prompt;
      request.max_tokens = max_tokens;
      numbers.push_back(scheduler.add(std::move(request)));
    }
    while (scheduler.step()) {}
    out.seconds += scheduler.times().decode;
    out.tokens += scheduler.times().decoded_tokens;
    out.counts.add(scheduler.counts());
    for (int number : numbers) out.texts.push_back(scheduler.take(number).ids);
  }
  return out;
}

}  // namespace

SpeculationTime time_speculation(Runner& runner, const std::vector<std::vector<std::int32_t>>& prompts,
                                 const SpeculationBench& options,
                                 const std::function<std::unique_ptr<Drafter>()>& drafter) {
  constexpr Padding kPadding[kForms] = {{}, {true, true}, {true, false}, {false, true}, {}, {}};
  constexpr int kWarmUp = 16;  // tokens of the first batch, so that what is compiled once does not count
  SpeculationTime out;
  out.batch = options.batch;
  std::vector<double> speeds[kForms];
  std::vector<std::vector<std::int32_t>> greedy;
  for (int turn = -1; turn < options.repeats; ++turn)
    for (int form : options.forms) {
      const SchedulerOptions scheduler{.batch = options.batch,
                                       .most_drafts = form == 0 ? 0 : options.drafts,
                                       .adaptive = form == 5,
                                       .padding = kPadding[form],
                                       .synthetic = options.synthetic,
                                       .seed = options.seed};
      std::span<const std::vector<std::int32_t>> chosen(prompts);
      if (turn < 0) {
        run_batches(runner, chosen.first(std::min(chosen.size(), static_cast<std::size_t>(options.batch))),
                    std::min(options.max_tokens, kWarmUp), scheduler, drafter);
        continue;
      }
      const Pass pass = run_batches(runner, chosen, options.max_tokens, scheduler, drafter);
      if (greedy.empty()) greedy = pass.texts;
      out.same_texts[form] = pass.texts == greedy;
      speeds[form].push_back(static_cast<double>(pass.tokens) / pass.seconds);
      out.counts[form] = pass.counts;
    }
  for (int form : options.forms) out.tokens_per_second[form] = median(speeds[form]);
  return out;
}

}  // namespace frugal
