// frugal detect: what lies where on pictures.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "base/check.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/model_source.h"
#include "cli/output.h"
#include "cli/pictures.h"
#include "formats/file.h"
#include "frugal/detect.h"
#include "tasks/draw_boxes.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Detect {
  ModelSource source;
  std::vector<std::string> paths, only;
  std::string output, layout, size;
  double confidence = 0.4, iou = 0.45;
  int most = 300;
  bool several = false, no_pictures = false;
};

struct Result {
  std::string path;
  int width = 0, height = 0;
  std::vector<Detection> found;
  std::string error;  // where the picture could not be read
};

using Spent = std::vector<std::pair<std::string, double>>;  // milliseconds of each step, all pictures together

// "320" or "320x640", height first.
std::pair<std::int64_t, std::int64_t> parse_size(const std::string& text) {
  std::int64_t height = 0, width = 0;
  const char* end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, height);
  bool good = error == std::errc();
  if (good && at == end)
    width = height;
  else if (good && *at == 'x')
    good = std::from_chars(at + 1, end, width).ptr == end;
  else
    good = false;
  if (!good || height < 1 || width < 1 || height > 65536 || width > 65536)
    fail_usage("--size {}: write it as 640, or as HEIGHTxWIDTH, such as 384x640", text);
  return {height, width};
}

TaskInfo info_for(const OpenedModel& opened, const Detect& options) {
  const Graph& graph = opened.model.graph;
  TaskInfo info = detection_info(opened.model, options.layout);
  if (options.size.empty()) return info;
  const auto [height, width] = parse_size(options.size);
  require(!graph.inputs().empty() && graph.value(graph.inputs()[0]).type.shape.size() == 4,
          "{} does not take a picture [1, 3, height, width]", opened.name);
  const SymShape& in = graph.value(graph.inputs()[0]).type.shape;
  for (auto [dim, wanted] : {std::pair(in[2], height), std::pair(in[3], width)})
    if (dim.fixed() && dim.value() != wanted)
      fail_usage("--size {}: {} takes pictures of {} x {} only (height x width)", options.size, opened.name,
                 in[2].text(), in[3].text());
  info.load = info.load * std::max(height, width) / std::max(info.height, info.width);
  info.height = height;
  info.width = width;
  return info;
}

std::vector<int> wanted_classes(const Detect& options, const std::vector<std::string>& labels, std::int64_t classes) {
  std::vector<int> out;
  for (const std::string& text : options.only) {
    auto label = std::find(labels.begin(), labels.end(), text);
    int index = static_cast<int>(label - labels.begin());
    if (label == labels.end()) {
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
      if (error != std::errc() || end != text.data() + text.size() || index < 0 || (classes > 0 && index >= classes))
        fail_usage("--classes {}: there is no such class{}; give names{} or numbers from 0", text,
                   suggestion(text, labels),
                   labels.size() > 12 || labels.empty() ? "" : " (" + join(labels, ", ") + ")");
    }
    out.push_back(index);
  }
  return out;
}

// COCO's own files are named by the picture's number; other pictures are numbered as they come.
std::int64_t image_id(const std::string& path, std::size_t place) {
  const std::string stem = fs::path(path).stem().string();
  std::int64_t id = 0;
  auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), id);
  return error == std::errc() && end == stem.data() + stem.size() && id >= 0 ? id
                                                                             : static_cast<std::int64_t>(place) + 1;
}

double milliseconds(Clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

double rounded(double v, double unit) { return std::round(v * unit) / unit; }

// All results of a run in one file, as COCO's results are.
class Folder {
 public:
  Folder(const std::string& path, bool pictures) : path_(path), pictures_(pictures) {
    fs::create_directories(fs::path(path) / "labels");
  }

  double draw_milliseconds = 0, write_milliseconds = 0;

  void add(const Result& result, std::size_t place, Image&& image, const std::vector<std::string>& labels) {
    const Clock::time_point start = Clock::now();
    const std::string stem = own_name(fs::path(result.path).stem().string());
    std::string lines;
    for (const Detection& d : result.found) {
      lines += fmt::format("{} {:.6f} {:.6f} {:.6f} {:.6f} {:.5f}\n", d.index, (d.box[0] + d.box[2] / 2) / result.width,
                           (d.box[1] + d.box[3] / 2) / result.height, d.box[2] / result.width, d.box[3] / result.height,
                           d.score);
      Json box = Json::array();
      for (double v : d.box) box.push_back(rounded(v, 1e3));
      all_.push_back({{"image_id", image_id(result.path, place)},
                      {"category_id", coco_category(labels, d.index)},
                      {"bbox", box},
                      {"score", rounded(d.score, 1e5)},
                      {"file_name", fs::path(result.path).filename().string()}});
    }
    write("labels/" + stem + ".txt", lines);
    const Clock::time_point draw = Clock::now();
    write_milliseconds += milliseconds(draw - start);
    if (!pictures_) return;
    draw_detections(image, result.found);
    const Clock::time_point drawn = Clock::now();
    draw_milliseconds += milliseconds(drawn - draw);
    write_jpeg((fs::path(path_) / (stem + ".jpg")).string(), image);
    write_milliseconds += milliseconds(Clock::now() - drawn);
  }

  void finish() {
    std::string text = "[";
    for (const Json& one : all_)
      text += (text.size() > 1 ? ",\n" : "\n") + one.dump(-1, ' ', false, Json::error_handler_t::replace);
    write("predictions.json", text + "\n]\n");
  }

 private:
  // Pictures of one name in several folders do not overwrite each other.
  std::string own_name(const std::string& stem) {
    std::string name = stem;
    for (int i = 2; !names_.insert(name).second; ++i) name = stem + "_" + std::to_string(i);
    return name;
  }
  void write(const std::string& name, const std::string& text) const {
    AtomicFile file((fs::path(path_) / name).string());
    file.write(text);
    file.commit(Flush::no);
  }

  std::string path_;
  bool pictures_;
  std::set<std::string> names_;
  std::vector<Json> all_;
};

Json results_json(const std::vector<Result>& results, const PictureCounts& counts, const Spent& spent) {
  Json list = Json::array(), errors = Json::array();
  for (const Result& r : results) {
    if (!r.error.empty()) {
      errors.push_back({{"image", r.path}, {"error", r.error}});
      continue;
    }
    Json found = Json::array();
    for (const Detection& d : r.found)
      found.push_back({{"label", d.label}, {"class", d.index}, {"score", d.score}, {"box", d.box}});
    list.push_back({{"image", r.path}, {"width", r.width}, {"height", r.height}, {"detections", found}});
  }
  Json steps;
  for (const auto& [name, milliseconds] : spent) steps[name] = milliseconds;
  return {{"results", list}, {"errors", errors}, {"seconds", counts.seconds}, {"milliseconds", steps}};
}

void print_result(const Result& r) {
  Progress::clear_line();
  print("{}\n", r.path);
  if (r.found.empty()) print("  nothing found\n");
  for (const Detection& d : r.found)
    print("  {:>5.1f}%  {:<16}  {:.0f} {:.0f} {:.0f} {:.0f}\n", 100 * d.score, d.label, d.box[0], d.box[1], d.box[2],
          d.box[3]);
}

// "network 84%, reading 9%, ..."
std::string shares(const Spent& spent) {
  double all = 0;
  for (const auto& [name, milliseconds] : spent) all += milliseconds;
  std::vector<std::string> parts;
  for (const auto& [name, milliseconds] : spent)
    if (milliseconds > 0) parts.push_back(fmt::format("{} {:.0f}%", name, 100 * milliseconds / std::max(all, 1e-9)));
  return join(parts, ", ");
}

OpenedModel open_detector(const Detect& options, const Common& common) {
  if (!options.layout.empty() &&
      std::find(detection_layouts().begin(), detection_layouts().end(), options.layout) == detection_layouts().end())
    fail_usage("--layout {}: it is one of {}", options.layout, join(detection_layouts(), ", "));
  ModelSource source = options.source;
  if (!options.size.empty() && !source.model.ends_with(".onnx")) {  // a built-in network is made for the size
    const auto [height, width] = parse_size(options.size);
    source.shapes = {fmt::format("input=1x3x{}x{}", height, width)};
  }
  OpenedModel opened = open_model(source, common);
  if (opened.random) log_warning("{} is built in: its weights are random, so its boxes mean nothing", opened.name);
  return opened;
}

int run_detect(const Detect& options, const Common& common) {
  OpenedModel opened = open_detector(options, common);
  const TaskInfo info = info_for(opened, options);
  const std::int64_t classes = detection_classes(opened.model.graph, info);
  const std::vector<std::string> labels = detection_labels(opened.model, classes);
  const DetectOptions how{static_cast<float>(options.confidence), static_cast<float>(options.iou), options.most,
                          options.several, wanted_classes(options, labels, classes)};
  std::unique_ptr<Folder> folder;
  if (!options.output.empty()) folder = std::make_unique<Folder>(options.output, !options.no_pictures);
  Session session(std::move(opened.model), {.threads = common.threads, .precision = common.precision});
  Detector detector(session, info, labels, how);
  std::vector<Result> results;
  std::size_t boxes = 0;
  auto work = [&](const std::string& path, Image image) {
    Result& result = results.emplace_back(Result{path, image.width, image.height, detector(image), ""});
    boxes += result.found.size();
    if (folder) folder->add(result, results.size() - 1, std::move(image), labels);
    if (!common.json) print_result(result);
    return fmt::format("{} boxes", boxes);
  };
  auto failed = [&](const std::string& path, const std::string& why) { results.push_back({path, 0, 0, {}, why}); };
  const PictureCounts counts = each_picture(options.paths, {"detect", work, failed});
  if (folder) folder->finish();
  Spent spent{{"read", counts.reading_milliseconds},
              {"prepare", detector.spent().prepare},
              {"network", detector.spent().network},
              {"boxes", detector.spent().boxes}};
  if (folder) spent.insert(spent.end(), {{"draw", folder->draw_milliseconds}, {"write", folder->write_milliseconds}});
  if (common.json) print_json(results_json(results, counts, spent));
  if (counts.read > 0)
    log_info("{} boxes on {} pictures in {:.2f} s ({:.1f} pictures/s; {}){}", boxes, counts.read, counts.seconds,
             static_cast<double>(counts.read) / std::max(counts.seconds, 1e-9), shares(spent),
             folder ? ", written to " + options.output : std::string());
  return counts.exit_code();
}

}  // namespace

FRUGAL_COMMAND(detect) {
  commands.add(
      {.name = "detect",
       .summary = "Find objects on pictures",
       .help =
           "Puts pictures (JPEG, PNG, PPM; of folders all pictures within; of - the JPEG or PPM frames on stdin)\n"
           "through a detector. With -o DIR it writes\n"
           "the pictures with their boxes, DIR/predictions.json in the form of COCO results, and DIR/labels/NAME.txt\n"
           "in the form of YOLO (class, centre and size as shares of the picture, score). Boxes of others' ONNX files\n"
           "are read by --layout. A picture that cannot be read is reported, the others go on, and the exit status\n"
           "is 1.\n"
           "JSON: {results[{image, width, height, detections[{label, class, score, box[left, top, width, height]}]}], "
           "errors[{image, error}], seconds, milliseconds{read, prepare, network, boxes, draw, write}}.",
       .examples = "  frugal detect model.safetensors street.jpg -o out\n"
                   "  frugal detect yolov8n.onnx photos/ -o out --conf 0.25 --classes person,dog\n"
                   "  frugal detect FastestDet.onnx photos/ --layout fastestdet --json\n"
                   "  ffmpeg -i film.mp4 -f image2pipe -c:v mjpeg - | frugal detect model.safetensors - -o frames",
       .define = [](CLI::App& app) -> CommandRun {
         auto options = std::make_shared<Detect>();
         options->source.add_options(app, false, "--class-count");
         app.add_option("IMAGE", options->paths, "Pictures, folders of pictures, or - for frames on stdin")->required();
         app.add_option("-o,--output", options->output, "Write pictures with boxes and files of boxes into this folder")
             ->type_name("DIR");
         auto share = [&](const char* flag, double& value, const char* text) {
           app.add_option(flag, value, text)->type_name("X")->check(CLI::Range(0.0, 1.0).description(""));
         };
         share("--conf", options->confidence, "Drop boxes of no higher score (default: 0.4)");
         share("--iou", options->iou, "Drop a box that overlaps a better one of its class by more (default: 0.45)");
         add_number(app, "--max", options->most, 1, 100000, "Boxes of a picture (default: 300)");
         app.add_option("--classes", options->only, "Only these classes: names or numbers from 0")
             ->type_name("A,...")
             ->delimiter(',')
             ->expected(1)
             ->take_all()
             ->allow_extra_args(false);
         app.add_flag("--multi", options->several, "A box counts for every class above --conf, not for its best only");
         app.add_option("--size", options->size, "Size of the network's input, 640 or HEIGHTxWIDTH, where it is free")
             ->type_name("N");
         app.add_option(
                "--layout", options->layout,
                "What the output's numbers mean: rows, yolov5, yolov6, gold_yolo (official exports), yolov8 (YOLO11 "
                "too), fastestdet (default: by the model file, or by the shape)")
             ->type_name("NAME");
         app.add_flag("--no-pictures", options->no_pictures, "With -o: write files of boxes only");
         return [options](const Common& common) { return run_detect(*options, common); };
       }});
}

}  // namespace frugal
