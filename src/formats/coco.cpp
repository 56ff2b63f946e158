#include "frugal/coco.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "base/check.h"
#include "base/faults.h"
#include "formats/file.h"

namespace frugal {
namespace {

using nlohmann::json;
using Ids = std::unordered_set<std::int64_t>;

constexpr int kDeepest = 32;
constexpr const char* kListWanted =
    "detections are a list: [{\"image_id\", \"category_id\", \"bbox\", \"score\"}, ...]";
constexpr const char* kObjectWanted =
    "labels are an object with the lists \"images\", \"categories\" and \"annotations\"";

// What a parser stumbled over at `byte`: the line, and NaN by its name, since Python writes it.
[[noreturn]] void refuse_json(std::string_view text, std::size_t byte) {
  byte = std::min(byte, text.size());
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(byte), '\n');
  const std::string_view around = text.substr(byte - std::min<std::size_t>(byte, 10), 20);
  for (const char* word : {"NaN", "Infinity", "nan", "inf"})
    if (around.find(word) != std::string_view::npos)
      fail("line {} holds {}, which is no number in JSON: boxes and scores must be finite", line, word);
  fail("this is not valid JSON from line {}, byte {} on", line, byte);
}

// Goes through a document without keeping it: `element(list, place, object)` is called for every object in a list of
// the top level; `list` is its key, or empty where the document itself is a list.
void for_each_element(std::string_view text,
                      const std::function<void(const std::string&, std::size_t, const json&)>& element, bool is_list) {
  std::string list;
  std::size_t place = 0;
  const int inner = is_list ? 1 : 2;  // depth of the elements
  auto visit = [&](int depth, json::parse_event_t event, json& parsed) {
    require(depth <= kDeepest, "this is nested deeper than {}", kDeepest);
    if (depth == 0 && (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start))
      require((event == json::parse_event_t::array_start) == is_list, "{}", is_list ? kListWanted : kObjectWanted);
    if (event == json::parse_event_t::key) {
      if (depth == 1 && !is_list) list = parsed.get<std::string>(), place = 0;
      return parsed != "segmentation" && parsed != "keypoints";  // large, and of no use here
    }
    if (depth == inner && event != json::parse_event_t::object_start && event != json::parse_event_t::array_start) {
      element(list, place++, parsed);
      return false;
    }
    return true;
  };
  json document;
  try {
    document = json::parse(text, visit);
  } catch (const json::parse_error& e) {
    refuse_json(text, e.byte);
  } catch (const json::exception&) {
    fail("a number in this JSON is too large");
  }
  require(is_list ? document.is_array()
                  : document.is_object() && document.contains("images") && document.contains("categories") &&
                        document.contains("annotations"),
          "{}", is_list ? kListWanted : kObjectWanted);
}

// One object of a list, with the sentences about what it lacks.
struct Element {
  const std::string what;  // "annotation 17"
  const json& value;

  const json& at(const char* key) const {
    require(value.is_object(), "{} is no object", what);
    auto found = value.find(key);
    require(found != value.end(), "{} has no \"{}\"", what, key);
    return *found;
  }
  std::int64_t id(const char* key) const {
    const json& v = at(key);
    require(v.is_number_integer(), "{}: \"{}\" must be a whole number", what, key);
    return v.get<std::int64_t>();
  }
  double number(const json& v, const char* key) const {
    require(v.is_number() && std::isfinite(v.get<double>()), "{}: \"{}\" must hold finite numbers", what, key);
    return v.get<double>();
  }
  Box box() const {
    const json& v = at("bbox");
    require(v.is_array() && v.size() == 4, "{}: \"bbox\" must be 4 numbers, left, top, width, height{}", what,
            v.is_array() ? fmt::format(", not {}", v.size()) : "");
    Box out{};
    for (std::size_t i = 0; i < 4; ++i) out[i] = number(v[i], "bbox");
    require(out[2] >= 0 && out[3] >= 0, "{}: the box has a negative width or height", what);
    return out;
  }
  std::string text(const char* key) const {
    auto found = value.find(key);
    return found != value.end() && found->is_string() ? found->get<std::string>() : "";
  }
  void known(const Ids& ids, const char* key, std::string_view list) const {
    require(ids.contains(id(key)), "{}: there is no {} {} in the labels", what, list, id(key));
  }
};

struct TruthReader {
  Faults* faults;
  CocoTruth truth{};
  std::vector<std::size_t> places{};  // of truth.objects in the file's list
  Ids images{}, categories{};
  std::unordered_map<std::int64_t, std::pair<double, double>> sizes{};  // of images that say it: width, height

  void read(const std::string& list, std::size_t place, const json& value) {
    if (list == "images") {
      Element e{fmt::format("image {} of the list", place), value};
      if (!images.insert(e.id("id")).second) return;
      truth.images.push_back({e.id("id"), e.text("file_name")});
      if (value.contains("width") && value.contains("height"))
        sizes[e.id("id")] = {e.number(value["width"], "width"), e.number(value["height"], "height")};
    } else if (list == "categories") {
      Element e{fmt::format("category {} of the list", place), value};
      if (categories.insert(e.id("id")).second) truth.categories.push_back({e.id("id"), e.text("name")});
    } else if (list == "annotations") {
      take_or_tell(faults, [&] {
        truth.objects.push_back(object({fmt::format("annotation {} of the list", place), value}));
        places.push_back(place);
      });
    }
  }

  static CocoObject object(const Element& e) {
    CocoObject o{e.id("image_id"), e.id("category_id"), e.box(), 0, false};
    o.area = e.value.contains("area") ? e.number(e.value["area"], "area") : o.box[2] * o.box[3];
    if (e.value.contains("iscrowd")) o.crowd = e.number(e.value["iscrowd"], "iscrowd") != 0;
    return o;
  }

  // The lists may come in any order.
  CocoTruth finish() {
    std::vector<CocoObject> good;
    for (std::size_t i = 0; i < truth.objects.size(); ++i)
      take_or_tell(faults, [&] {
        check(truth.objects[i], places[i]);
        good.push_back(truth.objects[i]);
      });
    truth.objects = std::move(good);
    return std::move(truth);
  }

  void check(const CocoObject& o, std::size_t place) const {
    require(images.contains(o.image), "annotation {} of the list lies on image {}, which \"images\" does not have",
            place, o.image);
    require(categories.contains(o.category),
            "annotation {} of the list has category {}, which \"categories\" does not have", place, o.category);
    const auto size = sizes.find(o.image);
    if (size == sizes.end()) return;
    const auto [width, height] = size->second;
    require(o.box[0] < width && o.box[1] < height && o.box[0] + o.box[2] >= 0 && o.box[1] + o.box[3] >= 0,
            "annotation {} of the list: the box [{}] lies outside its image {}, which is {}x{}", place,
            fmt::join(o.box, ", "), o.image, width, height);
  }
};

}  // namespace

CocoTruth parse_coco_truth(std::string_view text, std::vector<std::string>* faults) {
  TruthReader reader{faults};
  for_each_element(
      text, [&](const std::string& list, std::size_t place, const json& v) { reader.read(list, place, v); }, false);
  return reader.finish();
}

std::vector<CocoResult> parse_coco_results(std::string_view text, const CocoTruth& truth) {
  Ids images, categories;
  for (const CocoImage& image : truth.images) images.insert(image.id);
  for (const CocoCategory& category : truth.categories) categories.insert(category.id);
  std::vector<CocoResult> results;
  auto read = [&](const std::string&, std::size_t place, const json& value) {
    Element e{fmt::format("detection {} of the list", place), value};
    e.known(images, "image_id", "image");
    e.known(categories, "category_id", "category");
    results.push_back({e.id("image_id"), e.id("category_id"), e.box(), e.number(e.at("score"), "score")});
  };
  for_each_element(text, read, true);
  return results;
}

CocoTruth read_coco_truth(const std::string& path, std::vector<std::string>* faults) {
  const std::size_t before = faults ? faults->size() : 0;
  CocoTruth truth = naming_file(path, [&] { return parse_coco_truth(MappedFile::open(path)->text(), faults); });
  for (std::size_t i = before; faults && i < faults->size(); ++i) (*faults)[i].insert(0, path + ": ");
  return truth;
}

std::vector<CocoResult> read_coco_results(const std::string& path, const CocoTruth& truth) {
  return naming_file(path, [&] { return parse_coco_results(MappedFile::open(path)->text(), truth); });
}

std::string coco_results_json(std::span<const CocoResult> results) {
  std::string out = "[";
  for (const CocoResult& r : results) {
    auto short_number = [](double x, double unit) { return std::round(x * unit) / unit; };
    out += fmt::format("{}\n{{\"image_id\":{},\"category_id\":{},\"bbox\":[{},{},{},{}],\"score\":{}}}",
                       out.size() > 1 ? "," : "", r.image, r.category, short_number(r.box[0], 1e3),
                       short_number(r.box[1], 1e3), short_number(r.box[2], 1e3), short_number(r.box[3], 1e3),
                       short_number(r.score, 1e5));
  }
  return out + "\n]\n";
}

}  // namespace frugal
