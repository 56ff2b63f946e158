// frugal classify: what is on pictures.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/picture_options.h"
#include "cli/pictures.h"
#include "frugal/classify.h"
#include "frugal/prepare.h"
#include "frugal/session.h"
#include "tasks/draw.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

struct Classify {
  ModelSource source;
  PictureOptions pictures;
  std::vector<std::string> paths;
  std::string output;
  int top = 5;
};

struct Result {
  std::string path;
  std::vector<Prediction> predictions;
  Image picture;      // small, for the sheet
  std::string error;  // where the picture could not be read
};

constexpr std::size_t kMaxSheetPictures = 200;
constexpr int kSheetSide = 96;

void write_sheet(const std::string& folder, const std::vector<Result>& results, const std::string& model) {
  SheetSection section;
  std::size_t read = 0;
  for (const Result& result : results) {
    if (!result.error.empty() || ++read > kMaxSheetPictures) continue;
    section.pictures.push_back({result.picture, result.predictions[0].label, result.predictions[0].probability, ""});
  }
  if (section.pictures.empty()) return;
  int columns = static_cast<int>(std::clamp<std::size_t>(section.pictures.size(), 6, 10));
  std::string which = read > kMaxSheetPictures ? fmt::format("the first {} of {} pictures", kMaxSheetPictures, read)
                                               : fmt::format("{} pictures", read);
  fs::create_directories(folder);
  std::string path = (fs::path(folder) / "contact_sheet.png").string();
  write_png(path,
            draw_contact_sheet(model, which + ", the most probable class under each", {section}, columns, kSheetSide));
  log_info("wrote {}", path);
}

Json results_json(const std::vector<Result>& results) {
  Json list = Json::array(), errors = Json::array();
  for (const Result& result : results) {
    if (!result.error.empty()) {
      errors.push_back({{"image", result.path}, {"error", result.error}});
      continue;
    }
    Json predictions = Json::array();
    for (const Prediction& p : result.predictions)
      predictions.push_back({{"label", p.label}, {"class", p.index}, {"probability", p.probability}});
    list.push_back({{"image", result.path}, {"predictions", predictions}});
  }
  return {{"results", list}, {"errors", errors}};
}

void print_results(const std::vector<Result>& results) {
  for (const Result& result : results) {
    if (!result.error.empty()) continue;
    print("{}\n", result.path);
    for (const Prediction& p : result.predictions) print("  {:>6.2f}%  {}\n", 100 * p.probability, p.label);
  }
}

int run_classify(const Classify& options, const Common& common) {
  OpenedModel opened = open_model(options.source, common);
  if (opened.random) log_warning("{} is built in: its weights are random, so its answers mean nothing", opened.name);
  TaskInfo info = options.pictures.task_info(opened);
  std::vector<std::string> labels = labels_for(opened.model, {});
  std::string name = opened.name;
  Session session(std::move(opened.model), {.threads = common.threads, .precision = common.precision});
  std::vector<Result> results;
  auto work = [&](const std::string& path, const Image& image) {
    const std::span<const Image> one(&image, 1);
    results.push_back({path, classify(session, one, options.top, info, labels).front(), {}, ""});
    if (!options.output.empty()) results.back().picture = fit_square(image, kSheetSide);
    return results.back().predictions.front().label;
  };
  auto failed = [&](const std::string& path, const std::string& why) { results.push_back({path, {}, {}, why}); };
  auto check = [&](const Image& image) { check_shape(image, info); };
  const PictureCounts counts = each_picture(options.paths, {"classify", work, failed, check});
  if (!options.output.empty()) write_sheet(options.output, results, name);
  if (common.json)
    print_json(results_json(results));
  else
    print_results(results);
  return counts.exit_code();
}

}  // namespace

FRUGAL_COMMAND(classify) {
  commands.add(
      {.name = "classify",
       .summary = "Tell what is on pictures",
       .help = "Puts pictures (JPEG, PNG, PPM; of folders all pictures within) through a classifier and tells the most "
               "probable\n"
               "classes. A picture that cannot be read is reported, the others go on, and the exit status is 1.\n"
               "JSON: {results[{image, predictions[{label, class, probability}]}], errors[{image, error}]}.",
       .examples = "  frugal classify model.safetensors shirt.png\n"
                   "  frugal classify model.safetensors photos/ -o out --top 1\n"
                   "  frugal classify model.safetensors *.jpg --json | jq -r '.results[].predictions[0].label'",
       .define = [](CLI::App& app) -> CommandRun {
         auto options = std::make_shared<Classify>();
         options->source.add_options(app, false);
         app.add_option("IMAGE", options->paths, "Pictures, folders of pictures, or - for frames on stdin")->required();
         app.add_option("-o,--output", options->output,
                        "Draw all pictures with their classes into DIR/contact_sheet.png")
             ->type_name("DIR");
         add_number(app, "--top", options->top, 1, 1000, "Classes to tell (default: 5)");
         options->pictures.add_options(app);
         return [options](const Common& common) { return run_classify(*options, common); };
       }});
}

}  // namespace frugal
