#include "cli/bench_language.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/svg_plot.h"
#include "base/thread_pool.h"
#include "cli/output.h"
#include "cli/prompts.h"
#include "formats/file.h"
#include "kernels/kernels.h"
#include "language/benchmark.h"

namespace frugal {
namespace {

constexpr int kPromptLength = 512;

Json times_json(const std::vector<StepTime>& times) {
  Json out = Json::array();
  for (const StepTime& t : times)
    out.push_back({{"rows", t.rows},
                   {"ms", 1e3 * t.seconds},
                   {"ratio", t.seconds / times[0].seconds},
                   {"rows_per_second", t.rows / t.seconds}});
  return out;
}

void print_times(const char* title, const std::vector<StepTime>& times) {
  print("\n{}\n", title);
  Table table({">rows", ">ms", ">of one row", ">rows a second"});
  for (const StepTime& t : times)
    table.row({std::to_string(t.rows), fmt::format("{:.2f}", 1e3 * t.seconds),
               fmt::format("{:.2f}", t.seconds / times[0].seconds), fmt::format("{:.0f}", t.rows / t.seconds)});
  table.print();
}

Json measure_speed(const BenchLanguage& options, const Common& common, int threads) {
  Common here = common;
  here.threads = threads;
  OpenedLanguageModel opened = open_language_model(options.language, here);
  Runner& runner = *opened.runner;
  const std::vector<int> rows = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16};
  const double prompt = prompt_seconds(runner, kPromptLength, options.language.chunk, options.repeats);
  check_interrupt();
  const std::vector<StepTime> verify = step_times(runner, rows, true, options.bench_context, 3 * options.repeats);
  check_interrupt();
  const std::vector<StepTime> batch = step_times(runner, rows, false, options.bench_context, 3 * options.repeats);
  const std::int64_t bytes = weight_bytes_read(runner.session().model());
  const double rate = measured_read_rate(threads);
  const double decode = 1 / verify[0].seconds, limit = rate / static_cast<double>(bytes);
  if (!common.json) {
    print(
        "{}, {} thread{}, {}: prompt {:.0f} tokens a second, decode {:.1f}, {:.0f}% of the {:.0f} that reading {} of "
        "weights allows\n",
        options.language.model, threads, threads == 1 ? "" : "s", name(active_isa()), kPromptLength / prompt, decode,
        100 * decode / limit, limit, bytes_text(static_cast<std::uint64_t>(bytes)));
    print_times("rows of one sequence (verification)", verify);
    print_times("one row each of several sequences (a batch)", batch);
  }
  return {{"threads", threads},
          {"prompt_tokens_per_second", kPromptLength / prompt},
          {"decode_tokens_per_second", decode},
          {"bytes_per_token", bytes},
          {"read_bytes_per_second", rate},
          {"share_of_memory_roofline", decode / limit},
          {"verify", times_json(verify)},
          {"batch", times_json(batch)}};
}

void write_plot(const std::string& path, const std::vector<SpeculationTime>& times, const std::vector<int>& forms) {
  Plot plot{.title = "Speculation in batches", .x_label = "sequences", .y_label = "tokens a second", .series = {}};
  for (int form : forms) {
    Series series{.name = kSpeculationForms[form]};
    for (const SpeculationTime& t : times) {
      series.x.push_back(t.batch);
      series.y.push_back(t.tokens_per_second[form]);
    }
    plot.series.push_back(series);
  }
  AtomicFile file(path);
  file.write(svg_plots({plot}, "", 560, 360));
  file.commit();
}

// From the file, or where acceptance is synthetic any tokens will do.
std::vector<std::vector<std::int32_t>> bench_prompts(const BenchLanguage& options, const OpenedLanguageModel& opened) {
  std::vector<std::vector<std::int32_t>> prompts;
  if (options.prompts.empty()) {
    for (int i = 0; i < *std::max_element(options.batches.begin(), options.batches.end()); ++i)
      for (int j = prompts.emplace_back().size(); j <= options.bench_context; ++j)
        prompts.back().push_back(static_cast<std::int32_t>((i * 101 + j * 31 + 7) % opened.runner->vocabulary()));
    return prompts;
  }
  const Tokenizer& tokenizer = tokenizer_of(opened, options.language);
  for (const Prompt& prompt : read_prompts(options.prompts, tokenizer))
    prompts.push_back(tokenizer.encode(prompt.text, {.add_special = !prompt.from_template}));
  return prompts;
}

std::unique_ptr<Drafter> bench_drafter(const BenchLanguage& options, const Common& common,
                                       const OpenedLanguageModel& opened) {
  if (options.synthetic.empty()) return make_drafter(options.language, common, opened);
  return scripted_drafter([](const DraftRequest& r) {
    return std::vector<std::int32_t>(static_cast<std::size_t>(r.most), r.tokens.front());
  });
}

std::vector<int> chosen_forms(const BenchLanguage& options) {
  std::vector<int> out;
  for (int form = 0; form < kForms; ++form)
    if (options.forms.empty() || std::count(options.forms.begin(), options.forms.end(), kSpeculationForms[form]) > 0)
      out.push_back(form);
  return out;
}

// `first`: the form that the others are compared with.
Json form_json(const SpeculationTime& t, int form, int first) {
  const DraftCounts& counts = t.counts[form];
  return {{"tokens_per_second", t.tokens_per_second[form]},
          {"ratio", t.tokens_per_second[form] / t.tokens_per_second[first]},
          {"steps", counts.steps},
          {"rows", counts.rows},
          {"cells", counts.cells},
          {"drafted", counts.drafted},
          {"accepted", counts.accepted},
          {"per_position", counts.per_position}};
}

Json measure_speculation(const BenchLanguage& options, const Common& common) {
  OpenedLanguageModel opened = open_language_model(options.language, common);
  const std::vector<std::vector<std::int32_t>> prompts = bench_prompts(options, opened);
  const std::vector<int> forms = chosen_forms(options);
  std::vector<SpeculationTime> times;
  Progress progress("speculation", std::ssize(options.batches));
  for (int batch : options.batches) {
    check_interrupt();
    times.push_back(time_speculation(*opened.runner, prompts,
                                     {.batch = batch,
                                      .max_tokens = options.max_tokens,
                                      .repeats = options.repeats,
                                      .drafts = options.language.drafts,
                                      .forms = forms,
                                      .synthetic = options.synthetic,
                                      .seed = common.seed},
                                     [&] { return bench_drafter(options, common, opened); }));
    progress.advance();
  }
  std::vector<std::string> heading = {">batch"};
  for (int form : forms) heading.push_back(fmt::format(">{}", kSpeculationForms[form]));
  for (int form : forms)
    if (form > 0) heading.push_back(fmt::format(">rows, {}", kSpeculationForms[form]));
  Table table(heading);
  Json out = Json::array();
  for (const SpeculationTime& t : times) {
    Json entry = {{"batch", t.batch}};
    std::vector<std::string> cells = {std::to_string(t.batch)};
    for (int form : forms) {
      entry[kSpeculationForms[form]] = form_json(t, form, forms.front());
      if (options.synthetic.empty()) entry[kSpeculationForms[form]]["same_texts"] = t.same_texts[form];
      cells.push_back(form == forms.front()
                          ? fmt::format("{:.1f}", t.tokens_per_second[form])
                          : fmt::format("{:.1f} ({:.2f})", t.tokens_per_second[form],
                                        t.tokens_per_second[form] / t.tokens_per_second[forms.front()]));
    }
    for (int form : forms)
      if (form > 0) cells.push_back(grouped(t.counts[form].rows));
    table.row(cells);
    out.push_back(entry);
  }
  if (!common.json) table.print();
  if (!options.plot.empty()) write_plot(options.plot, times, forms);
  return out;
}

}  // namespace

int bench_language(const BenchLanguage& options, const Common& common) {
  Json document = {{"model", options.language.model}, {"isa", name(active_isa())}};
  if (!options.prompts.empty() || !options.synthetic.empty()) {
    document["speculation"] = measure_speculation(options, common);
  } else {
    std::vector<int> counts = options.threads;
    if (counts.empty()) counts = available_cores() > 1 ? std::vector{1, available_cores()} : std::vector{1};
    document["runs"] = Json::array();
    for (int threads : counts) document["runs"].push_back(measure_speed(options, common, threads));
  }
  if (common.json) print_json(document);
  return 0;
}

}  // namespace frugal
