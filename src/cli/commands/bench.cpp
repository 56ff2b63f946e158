// frugal bench: how fast a network runs here.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "cli/bench_language.h"
#include "cli/command.h"
#include "cli/model_source.h"
#include "cli/output.h"
#include "engine/program.h"
#include "formats/file.h"
#include "frugal/session.h"
#include "graph/costs.h"
#include "kernels/kernels.h"
#include "language/benchmark.h"

namespace frugal {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Bench {
  ModelSource source;
  std::vector<int> threads;  // --threads 1,2
  int runs = 0;              // 0: as many as fit into two seconds, 5 to 200
  bool profile = false;
  std::string trace, task;
  BenchLanguage language;

  bool is_language() const { return task == "language" || (task.empty() && source.model.ends_with(".gguf")); }
};

struct Timing {
  int threads = 1;
  double load_ms = 0;  // compile for the shapes and pack the weights: the first run
  std::vector<double> ms;
  std::size_t peak_bytes = 0;
  double peak_gmacs = 0;  // what this many threads could do at most
  std::vector<NodeProfile> profile;

  double median() const { return ms[ms.size() / 2]; }  // sorted
  double gmacs(std::int64_t macs) const { return median() > 0 ? static_cast<double>(macs) / median() / 1e6 : 0; }
};

std::vector<Tensor> random_inputs(const Graph& graph, const std::vector<Shape>& shapes, std::uint64_t seed) {
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Value& value = graph.value(graph.inputs()[i]);
    Tensor tensor(value.type.dtype, shapes[i]);
    if (value.type.dtype == DType::f32) {
      RandomStream random(seed, "bench/" + value.name);
      std::generate_n(tensor.data<float>(), tensor.numel(), [&] { return random.normal(); });
    }
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

Timing measure(const Model& model, const std::vector<Tensor>& inputs, const SessionOptions& options,
               const Bench& bench) {
  Timing timing;
  const int threads = timing.threads = options.threads;
  Clock::time_point start = Clock::now();
  Session session(model, options);
  std::vector<Tensor> outputs;
  session.run(inputs, outputs);
  timing.load_ms = since(start);
  start = Clock::now();
  session.run(inputs, outputs);
  double once = std::max(since(start), 1e-3);
  int runs = bench.runs > 0 ? bench.runs : static_cast<int>(std::clamp(2000 / once, 5.0, 200.0));
  Progress progress(fmt::format("{} threads", threads), runs);
  for (int i = 0; i < runs; ++i) {
    check_interrupt();
    start = Clock::now();
    session.run(inputs, outputs);
    timing.ms.push_back(since(start));
    progress.advance();
  }
  std::sort(timing.ms.begin(), timing.ms.end());
  std::size_t weights = 0;
  for (const auto& [name, tensor] : model.weights) weights += tensor.bytes();
  timing.peak_bytes = weights + session.packed_bytes() + session.arena_bytes();
  timing.peak_gmacs = measured_peak_gmacs(active_isa()) * std::min(threads, available_cores());
  return timing;
}

// The median of several runs for every node, one behind the other. In a session of its own: measuring each node costs a
// little.
std::vector<NodeProfile> profile(const Model& model, const std::vector<Tensor>& inputs, const SessionOptions& options,
                                 std::size_t runs) {
  Session session(model, options);
  std::vector<Tensor> outputs;
  for (int i = 0; i < 2; ++i) session.run(inputs, outputs);
  std::vector<std::vector<NodeProfile>> all(std::clamp<std::size_t>(runs, 3, 51));
  for (std::vector<NodeProfile>& run : all) {
    check_interrupt();
    session.run(inputs, outputs);
    run = session.profile();
  }
  std::vector<NodeProfile> nodes = all.front();
  double start = 0;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    std::vector<double> times;
    for (const std::vector<NodeProfile>& run : all) times.push_back(run[n].milliseconds);
    std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
    nodes[n].milliseconds = times[times.size() / 2];
    nodes[n].start_milliseconds = start;
    start += nodes[n].milliseconds;
  }
  return nodes;
}

double node_gmacs(const NodeProfile& node) {
  return node.milliseconds > 0 ? static_cast<double>(node.macs) / node.milliseconds / 1e6 : 0;
}

Json timing_json(const Timing& timing, std::int64_t macs) {
  Json run{{"threads", timing.threads},
           {"median_ms", timing.median()},
           {"min_ms", timing.ms.front()},
           {"gmac_per_s", timing.gmacs(macs)},
           {"share_of_peak", timing.gmacs(macs) / timing.peak_gmacs},
           {"peak_bytes", timing.peak_bytes},
           {"load_ms", timing.load_ms},
           {"runs", timing.ms.size()}};
  if (!timing.profile.empty()) run["profile"] = Json::array();
  for (const NodeProfile& node : timing.profile)
    run["profile"].push_back({{"name", node.name},
                              {"op", node.op},
                              {"algorithm", node.algorithm},
                              {"ms", node.milliseconds},
                              {"macs", node.macs},
                              {"gmac_per_s", node_gmacs(node)},
                              {"share_of_peak", node_gmacs(node) / timing.peak_gmacs}});
  return run;
}

void print_profile(const Timing& timing) {
  double total = 0;
  for (const NodeProfile& node : timing.profile) total += node.milliseconds;
  std::vector<NodeProfile> nodes = timing.profile;
  std::stable_sort(nodes.begin(), nodes.end(),
                   [](const NodeProfile& a, const NodeProfile& b) { return a.milliseconds > b.milliseconds; });
  print("\n{} thread{}, by time\n", timing.threads, timing.threads == 1 ? "" : "s");
  Table table({"node", "op", "algorithm", ">ms", ">of time", ">MACs", ">GMAC/s", ">of peak"});
  for (const NodeProfile& node : nodes)
    table.row({node.name, node.op, node.algorithm, fmt::format("{:.3f}", node.milliseconds),
               fmt::format("{:.1f}%", total > 0 ? 100 * node.milliseconds / total : 0.0),
               node.macs ? short_count(node.macs) : "", node.macs ? fmt::format("{:.1f}", node_gmacs(node)) : "",
               node.macs ? fmt::format("{:.0f}%", 100 * node_gmacs(node) / timing.peak_gmacs) : ""});
  table.print();
}

// The event format of chrome://tracing and ui.perfetto.dev: one complete event ("X") a node, times in microseconds.
void write_trace(const std::string& path, const std::vector<Timing>& timings) {
  Json events = Json::array();
  for (const Timing& timing : timings)
    for (const NodeProfile& node : timing.profile)
      events.push_back(
          {{"name", node.name},
           {"cat", node.op},
           {"ph", "X"},
           {"ts", node.start_milliseconds * 1000},
           {"dur", node.milliseconds * 1000},
           {"pid", timing.threads},
           {"tid", 0},
           {"args", {{"algorithm", node.algorithm}, {"macs", node.macs}, {"gmac_per_s", node_gmacs(node)}}}});
  for (const Timing& timing : timings)
    events.push_back({{"name", "process_name"},
                      {"ph", "M"},
                      {"pid", timing.threads},
                      {"args", {{"name", fmt::format("{} threads", timing.threads)}}}});
  AtomicFile file(path);
  file.write(Json{{"traceEvents", events}, {"displayTimeUnit", "ms"}}.dump());
  file.commit();
}

void print_timings(const OpenedModel& opened, const std::vector<Timing>& timings, std::int64_t macs) {
  print("{}: {} MACs, {}\n", opened.name, short_count(macs), name(active_isa()));
  Table table({">threads", ">median ms", ">min ms", ">GMAC/s", ">of peak", ">memory", ">load ms", ">runs"});
  for (const Timing& t : timings)
    table.row({std::to_string(t.threads), fmt::format("{:.2f}", t.median()), fmt::format("{:.2f}", t.ms.front()),
               fmt::format("{:.1f}", t.gmacs(macs)), fmt::format("{:.0f}%", 100 * t.gmacs(macs) / t.peak_gmacs),
               bytes_text(t.peak_bytes), fmt::format("{:.1f}", t.load_ms), std::to_string(t.ms.size())});
  table.print();
}

int run_bench(const Bench& bench, const Common& common) {
  if (bench.is_language()) {
    BenchLanguage language = bench.language;
    language.language.model = bench.source.model;
    language.threads = bench.threads;
    return bench_language(language, common);
  }
  OpenedModel opened = open_model(bench.source, common);
  std::vector<Shape> shapes = input_shapes(opened.model.graph, bench.source.shapes);
  std::int64_t macs = compute_costs(opened.model.graph, bind_inputs(opened.model.graph, shapes)).macs;
  std::vector<Tensor> inputs = random_inputs(opened.model.graph, shapes, common.seed);
  std::vector<int> counts = bench.threads;
  if (counts.empty()) {
    counts.push_back(common.threads > 0 ? common.threads : 1);
    if (common.threads == 0 && available_cores() > 1) counts.push_back(available_cores());
  }
  std::vector<Timing> timings;
  for (int threads : counts) {
    timings.push_back(measure(opened.model, inputs, {.threads = threads, .precision = common.precision}, bench));
    if (bench.profile || !bench.trace.empty())
      timings.back().profile =
          profile(opened.model, inputs, {.threads = threads, .profile = true, .precision = common.precision},
                  timings.back().ms.size());
  }
  if (!bench.trace.empty()) write_trace(bench.trace, timings);
  if (!common.json) {
    print_timings(opened, timings, macs);
    if (bench.profile)
      for (const Timing& timing : timings) print_profile(timing);
    return 0;
  }
  Json document{{"name", opened.name}, {"isa", name(active_isa())}, {"macs", macs}};
  for (const Timing& timing : timings) document["runs"].push_back(timing_json(timing, macs));
  print_json(document);
  return 0;
}

void add_language_options(CLI::App& app, Bench& bench) {
  BenchLanguage& language = bench.language;
  auto group = [](CLI::Option* option) { option->group("Language models"); };
  group(app.add_option("--task", bench.task, "language: speed of reading prompts, writing, verifying, batches")
            ->type_name("NAME")
            ->check(CLI::IsMember({"language"}).description("")));
  group(app.add_option("--prompts", language.prompts, "Compare the forms of speculation on these, a JSON object a line")
            ->type_name("LINES.jsonl"));
  language.batches = {1, 2, 4, 8, 16};
  group(app.add_option("--batches", language.batches, "Sequences at once (default: 1,2,4,8,16)")
            ->type_name("N,...")
            ->delimiter(',')
            ->expected(1)
            ->take_all()
            ->check(CLI::Range(1, 4096).description("")));
  group(app.add_option("--forms", language.forms,
                       "Which: greedy, padded, 'unpadded cache', 'unpadded inputs', both, or chosen, both with as many "
                       "drafts as pay (default: all)")
            ->type_name("FORM,...")
            ->delimiter(',')
            ->expected(1)
            ->take_all()
            ->check(CLI::IsMember(std::vector<std::string>(std::begin(kSpeculationForms), std::end(kSpeculationForms)))
                        .description("")));
  group(app.add_option("--synthetic", language.synthetic,
                       "Compare the forms as if drafts were accepted with these chances, by their place")
            ->type_name("P,...")
            ->delimiter(',')
            ->expected(1)
            ->take_all()
            ->check(CLI::Range(0.0, 1.0).description("")));
  group(add_number(app, "--max-tokens", language.max_tokens, 1, 1 << 20, "Tokens of each text (default: 128)"));
  group(add_number(app, "--repeats", language.repeats, 1, 1000, "Turns of each measurement (default: 5)"));
  group(
      add_number(app, "--filled", language.bench_context, 0, 1 << 20, "Tokens in the cache beforehand (default: 64)"));
  group(app.add_option("--plot", language.plot, "Write the comparison as a plot")->type_name("OUT.svg"));
  language.language.add_cache(app);
  language.language.add_drafter(app);
}

}  // namespace

FRUGAL_COMMAND(bench) {
  commands.add(
      {.name = "bench",
       .summary = "Measure how fast a network runs here",
       .help =
           "Times a network on random input, one session a thread count. Time, GMAC/s and the share of this machine's\n"
           "fp32 peak (measured with a bare loop) are of the median run; memory is what the engine holds: weights,\n"
           "packed weights, activations. Loading is compiling, packing and the first run.\n"
           "Of a language model: tokens a second of prompts and of texts, the cost of verifying 1 to 16 rows and of 1 "
           "to "
           "16\n"
           "sequences; with --prompts speculation without padding against the padded form and no speculation.\n"
           "JSON: {runs[{threads, median_ms, min_ms, gmac_per_s, share_of_peak, peak_bytes, ...}]}.",
       .examples = "  frugal bench resnet18 --threads 1,2\n"
                   "  frugal bench model.safetensors --shape input=8x3x224x224 --profile\n"
                   "  frugal bench resnet50 --trace trace.json     # open in ui.perfetto.dev\n"
                   "  frugal bench model.gguf --threads 1,2",
       .define = [](CLI::App& app) -> CommandRun {
         auto bench = std::make_shared<Bench>();
         bench->source.add_options(app, true);
         app.add_option("--threads", bench->threads, "Thread counts to measure (default: 1 and every core)")
             ->type_name("N,...")
             ->delimiter(',')
             ->expected(1)
             ->take_all()
             ->check(CLI::Range(1, 1024).description(""));
         add_number(app, "--runs", bench->runs, 1, 1000000, "Timed runs (default: two seconds' worth, 5 to 200)");
         app.add_flag("--profile", bench->profile, "A table of every node: time, algorithm, GMAC/s, share of the peak");
         app.add_option("--trace", bench->trace, "Write the profile as a Chrome trace")->type_name("OUT.json");
         add_language_options(app, *bench);
         return [bench](const Common& common) { return run_bench(*bench, common); };
       }});
}

}  // namespace frugal
