// frugal eval: how good a network is on labelled data.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/eval_detect.h"
#include "cli/output.h"
#include "cli/picture_options.h"
#include "formats/dataset.h"
#include "frugal/classify.h"
#include "frugal/prepare.h"
#include "frugal/session.h"
#include "tasks/draw.h"

namespace frugal {
namespace {

using Clock = std::chrono::steady_clock;

struct Eval {
  ModelSource source;
  PictureOptions pictures;
  DetectionFiles boxes;
  std::string data, split = "test", task = "classify", sheet;
  int limit = 0, batch = 64;
};

struct Answer {
  std::size_t index;  // of the picture in the data
  Prediction predicted;
};

struct Unread {
  std::string picture, why;
};

struct Outcome {
  ClassificationMeter meter;
  std::vector<Answer> first;  // kSheetFirst of them, for the sheet
  std::vector<Answer> mistakes;
  std::vector<Unread> unread;
  double seconds = 0, network_seconds = 0;
};

constexpr std::size_t kSheetFirst = 60, kSheetMistakes = 30;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void check_labels(const ImageDataset& data, std::int64_t classes, const OpenedModel& opened, const Eval& eval) {
  require(data.size() > 0, "{}: the split '{}' holds no pictures", eval.data, eval.split);
  int highest = *std::max_element(data.labels().begin(), data.labels().end());
  require(highest < classes, "{} has labels up to {}, but {} tells only {} classes apart{}", eval.data, highest,
          opened.name, classes, opened.random ? "; --classes changes that" : "");
}

// What cannot be read is told and left out.
struct Pictures {
  std::vector<Image> images;
  std::vector<std::size_t> indices;
};

Pictures read_pictures(const ImageDataset& data, std::size_t begin, std::size_t end, const TaskInfo& info,
                       std::vector<Unread>& unread) {
  Pictures out;
  for (std::size_t i = begin; i < end; ++i) try {
      Image image = data.get(i);
      check_shape(image, info);
      out.images.push_back(std::move(image));
      out.indices.push_back(i);
    } catch (const Error& e) {
      const std::string name = data.name(i), why = e.what();
      unread.push_back({name, why.find(name) != std::string::npos ? why : name + ": " + why});
      log_error("{}", unread.back().why);
    }
  return out;
}

void count(const Tensor& logits, const ImageDataset& data, const std::vector<std::size_t>& indices,
           const std::vector<std::string>& labels, Outcome& outcome) {
  auto classes = static_cast<std::size_t>(logits.dim(1));
  for (std::size_t i = 0; i < indices.size(); ++i) {
    std::span<const float> row(logits.data<float>() + i * classes, classes);
    int label = data.label(indices[i]);
    outcome.meter.add(row, label);
    const Answer answer{indices[i], top_predictions(row, 1, labels).front()};
    if (outcome.first.size() < kSheetFirst) outcome.first.push_back(answer);
    if (answer.predicted.index != label) outcome.mistakes.push_back(answer);
  }
}

Outcome evaluate(Session& session, const ImageDataset& data, const TaskInfo& info,
                 const std::vector<std::string>& labels, const OpenedModel& opened, const Eval& eval) {
  std::size_t total = eval.limit > 0 ? std::min(data.size(), static_cast<std::size_t>(eval.limit)) : data.size();
  auto batch = static_cast<std::size_t>(eval.batch);
  Clock::time_point start = Clock::now();
  std::unique_ptr<Outcome> outcome;
  std::vector<Unread> unread;
  double network_seconds = 0;
  Progress progress("eval", static_cast<std::int64_t>(total));
  for (std::size_t begin = 0; begin < total; begin += batch) {
    check_interrupt();
    std::size_t end = std::min(total, begin + batch);
    const Pictures pictures = read_pictures(data, begin, end, info, unread);
    if (pictures.images.empty()) continue;
    const Tensor input = prepare_images(pictures.images, info);
    Clock::time_point network_start = Clock::now();
    Tensor logits = classify_logits(session, input);
    network_seconds += since(network_start);
    if (!outcome) {
      check_labels(data, logits.dim(1), opened, eval);
      outcome.reset(new Outcome{ClassificationMeter(static_cast<int>(logits.dim(1))), {}, {}, {}, 0, 0});
    }
    count(logits, data, pictures.indices, labels, *outcome);
    progress.advance(static_cast<std::int64_t>(end - begin), fmt::format("top-1 {}", percent(outcome->meter.top1())));
  }
  Progress::clear_line();
  require(outcome != nullptr, "none of the {} pictures can be read, so there is nothing to measure", total);
  outcome->unread = std::move(unread);
  outcome->seconds = since(start);
  outcome->network_seconds = network_seconds;
  return std::move(*outcome);
}

std::string label_text(const std::vector<std::string>& labels, int index) {
  return static_cast<std::size_t>(index) < labels.size() ? labels[static_cast<std::size_t>(index)]
                                                         : std::to_string(index);
}

// The last part of a path.
std::string data_name(const std::string& data) {
  std::filesystem::path path(data);
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

void write_sheet(const std::string& path, const ImageDataset& data, Outcome& outcome,
                 const std::vector<std::string>& labels, const OpenedModel& opened, const Eval& eval) {
  SheetSection first{"The first pictures, in the order of the data", {}}, worst{"Its most confident mistakes", {}};
  auto picture = [&](std::size_t index, const Prediction& predicted) {
    return SheetPicture{data.get(index), predicted.label, predicted.probability, label_text(labels, data.label(index))};
  };
  for (const Answer& a : outcome.first) first.pictures.push_back(picture(a.index, a.predicted));
  std::stable_sort(outcome.mistakes.begin(), outcome.mistakes.end(),
                   [](const Answer& a, const Answer& b) { return a.predicted.probability > b.predicted.probability; });
  for (std::size_t i = 0; i < std::min(outcome.mistakes.size(), kSheetMistakes); ++i)
    worst.pictures.push_back(picture(outcome.mistakes[i].index, outcome.mistakes[i].predicted));
  std::vector<SheetSection> sections{first};
  if (!worst.pictures.empty()) sections.push_back(worst);
  const ClassificationMeter& meter = outcome.meter;
  write_png(path, draw_contact_sheet(
                      fmt::format("{} on {}: {} right", opened.name, data_name(eval.data), percent(meter.top1())),
                      fmt::format("{} of {} pictures of the {} split; under each the predicted class and its "
                                  "probability, mistakes framed in red with the true class",
                                  grouped(meter.samples() - static_cast<std::int64_t>(outcome.mistakes.size())),
                                  grouped(meter.samples()), eval.split),
                      sections));
}

void print_outcome(const Outcome& outcome, const std::vector<std::string>& labels) {
  const ClassificationMeter& meter = outcome.meter;
  print("top-1    {}\n", percent(meter.top1()));
  if (meter.classes() > 5) print("top-5    {}\n", percent(meter.top5()));
  print("loss     {:.4f}\n", meter.loss());
  print("samples  {} in {:.1f} s ({:.0f} pictures/s, of which {:.1f} s in the network)\n\n", grouped(meter.samples()),
        outcome.seconds, static_cast<double>(meter.samples()) / std::max(outcome.seconds, 1e-9),
        outcome.network_seconds);
  Table table({"class", ">samples", ">right", "most often taken for"});
  for (int actual = 0; actual < meter.classes(); ++actual) {
    if (meter.class_samples(actual) == 0) continue;
    int other = -1;
    for (int p = 0; p < meter.classes(); ++p)
      if (p != actual && meter.confusion(actual, p) > 0 &&
          (other < 0 || meter.confusion(actual, p) > meter.confusion(actual, other)))
        other = p;
    table.row({label_text(labels, actual), grouped(meter.class_samples(actual)), percent(meter.class_accuracy(actual)),
               other < 0 ? "" : fmt::format("{} ({})", label_text(labels, other), meter.confusion(actual, other))});
  }
  table.print();
}

Json outcome_json(const Outcome& outcome, const std::vector<std::string>& labels, const OpenedModel& opened,
                  const Eval& eval) {
  const ClassificationMeter& meter = outcome.meter;
  Json metrics{{"top1", meter.top1()}};
  if (meter.classes() > 5) metrics["top5"] = meter.top5();
  metrics["loss"] = meter.loss();
  Json classes = Json::array();
  for (int actual = 0; actual < meter.classes(); ++actual)
    if (meter.class_samples(actual) > 0)
      classes.push_back({{"class", actual},
                         {"label", label_text(labels, actual)},
                         {"samples", meter.class_samples(actual)},
                         {"top1", meter.class_accuracy(actual)}});
  Json errors = Json::array();
  for (const Unread& u : outcome.unread) errors.push_back({{"image", u.picture}, {"error", u.why}});
  return {{"metrics", metrics},
          {"samples", meter.samples()},
          {"seconds", outcome.seconds},
          {"network_seconds", outcome.network_seconds},
          {"name", opened.name},
          {"data", eval.data},
          {"split", eval.split},
          {"classes", classes},
          {"errors", errors}};
}

int run_boxes(const Eval& eval, const Common& common) {
  const bool network = !eval.source.model.empty(), folder = !eval.data.empty();
  DetectionFiles files = eval.boxes;
  files.data = eval.data;
  files.split = eval.split;
  const bool right = folder
                         ? files.truth.empty() && files.images.empty() && network == files.results.empty()
                         : !files.truth.empty() && network != files.images.empty() && network == files.results.empty();
  if (!right)
    fail_usage(
        "--task detect takes labels, as --data DIR or --truth instances.json, and either --results results.json or "
        "MODEL, with --images DIR beside --truth");
  if (network) return eval_detector(eval.source, files, eval.limit, common);
  return eval_detection_files(files, common);
}

int run_eval(const Eval& eval, const Common& common) {
  if (eval.task == "detect") return run_boxes(eval, common);
  if (eval.task != "classify") fail_usage("--task {}: known are classify and detect", eval.task);
  if (!eval.boxes.truth.empty() || !eval.boxes.results.empty() || !eval.boxes.images.empty() ||
      !eval.boxes.layout.empty())
    fail_usage("--truth, --results, --images and --layout go with --task detect");
  if (eval.source.model.empty() || eval.data.empty()) fail_usage("--task classify takes MODEL and --data DATA");
  if (!eval.sheet.empty() && !eval.sheet.ends_with(".png")) fail_usage("--sheet {}: end the name in .png", eval.sheet);
  std::unique_ptr<ImageDataset> data = open_dataset(eval.data, eval.split);
  OpenedModel opened = open_model(eval.source, common);
  if (opened.random) log_warning("{} is built in: its weights are random, so this measures chance", opened.name);
  TaskInfo info = eval.pictures.task_info(opened);
  std::vector<std::string> labels = labels_for(opened.model, data->class_names());
  Session session(opened.model, {.threads = common.threads, .precision = common.precision});
  Outcome outcome = evaluate(session, *data, info, labels, opened, eval);
  if (!eval.sheet.empty()) write_sheet(eval.sheet, *data, outcome, labels, opened, eval);
  if (common.json)
    print_json(outcome_json(outcome, labels, opened, eval));
  else
    print_outcome(outcome, labels);
  return outcome.unread.empty() ? 0 : 1;
}

}  // namespace

FRUGAL_COMMAND(eval) {
  commands.add(
      {.name = "eval",
       .summary = "Measure how good a network is on labelled data",
       .help =
           "Runs a network over a labelled set of pictures and counts. DATA is a name (fashion-mnist, mnist, "
           "cifar10; get\n"
           "them with tools/get-data) or a folder: MNIST files, CIFAR binary files, or split/class/picture.\n"
           "Pictures are prepared as the model file says; flags override it. Metrics are shares of 1.\n"
           "What is wrong with the data, a picture that cannot be read or an annotation that cannot be, is told and\n"
           "left out, the rest is measured, and the exit status is 1.\n"
           "JSON: {metrics{top1, top5, loss}, samples, seconds, errors[], ...}.\n"
           "With --task detect: boxes that any detector has found, in the form of COCO results, against labels in\n"
           "the form of COCO instances, by the measures of COCO (those of pycocotools); or the boxes that MODEL "
           "finds on the pictures in --images.\n"
           "Labels and pictures together: --data, a folder in the form of COCO, YOLO (or its data.yaml) or Pascal "
           "VOC.\n"
           "JSON: {metrics{AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl}, samples, seconds, "
           "detections, objects, categories[], errors[]}; -1\n"
           "where there is nothing to measure.",
       .examples = "  frugal eval model.safetensors --data fashion-mnist --sheet sheet.png\n"
                   "  frugal eval resnet20.safetensors --arch resnet20_cifar_a --data cifar10 --limit 1000\n"
                   "  frugal eval model.safetensors --data pictures/ --split val --json\n"
                   "  frugal eval --task detect --truth instances_val2017.json --results results.json\n"
                   "  frugal eval model.safetensors --task detect --truth instances_val2017.json --images val2017/\n"
                   "  frugal eval model.safetensors --task detect --data cells/ --split val",
       .define = [](CLI::App& app) -> CommandRun {
         auto eval = std::make_shared<Eval>();
         eval->source.add_options(app, false);
         app.get_option("MODEL")->required(false);
         app.add_option("--data", eval->data, "A data set by name, or a folder")->type_name("DATA");
         app.add_option("--split", eval->split, "train, val or test (default: test)")->type_name("NAME");
         app.add_option("--task", eval->task, "What is measured: classify (default) or detect")->type_name("NAME");
         app.add_option("--truth", eval->boxes.truth, "Labelled boxes: COCO instances")->type_name("FILE.json");
         app.add_option("--results", eval->boxes.results, "Found boxes: COCO results")->type_name("FILE.json");
         app.add_option("--images", eval->boxes.images, "Or find them with MODEL on the pictures of this folder")
             ->type_name("DIR");
         app.add_option("--layout", eval->boxes.layout,
                        "What the output of a detector means (see: frugal detect --help)")
             ->type_name("NAME");
         add_number(app, "--limit", eval->limit, 1, 1 << 30, "Only the first N pictures");
         add_number(app, "--batch", eval->batch, 1, 4096, "Pictures at a time (default: 64)");
         app.add_option("--sheet", eval->sheet, "Draw pictures, predictions and mistakes into this file")
             ->type_name("OUT.png");
         eval->pictures.add_options(app);
         return [eval](const Common& common) { return run_eval(*eval, common); };
       }});
}

}  // namespace frugal
