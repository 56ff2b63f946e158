// Pascal VOC (Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV 2010): one XML file a picture.
#include <expat.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "base/check.h"
#include "formats/detection/folders.h"
#include "formats/file.h"
#include "frugal/image.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

struct Field {
  std::string text;
  std::size_t line = 0;  // 0: not there
};

struct VocObject {
  std::size_t line = 0;
  std::map<std::string, Field> fields;  // "name", "difficult", "bndbox/xmin", ...
};

struct VocFile {
  std::string path;
  std::map<std::string, Field> fields;  // "filename", "size/width", ...
  std::vector<VocObject> objects;
};

// Collects the text of every element; what it means is looked at afterwards.
struct Collector {
  VocFile& file;
  XML_Parser parser;
  std::vector<std::string> open{};
  std::string text{};

  static constexpr std::size_t kDeepest = 32;

  std::size_t line() const { return XML_GetCurrentLineNumber(parser); }
  bool in_object() const { return open.size() > 1 && open[1] == "object"; }
};

void on_start(void* user, const XML_Char* name, const XML_Char**) {
  auto& c = *static_cast<Collector*>(user);
  c.open.emplace_back(name);
  c.text.clear();
  if (c.open.size() > Collector::kDeepest) XML_StopParser(c.parser, XML_FALSE);
  if (c.open.size() == 2 && c.in_object()) c.file.objects.push_back({c.line(), {}});
}

void on_text(void* user, const XML_Char* text, int length) {
  static_cast<Collector*>(user)->text.append(text, static_cast<std::size_t>(length));
}

void on_end(void* user, const XML_Char*) {
  auto& c = *static_cast<Collector*>(user);
  const bool in_object = c.in_object();
  std::string key;
  for (std::size_t i = in_object ? 2 : 1; i < c.open.size(); ++i) key += (key.empty() ? "" : "/") + c.open[i];
  const auto blank = [](char ch) { return std::isspace(static_cast<unsigned char>(ch)); };
  while (!c.text.empty() && blank(c.text.back())) c.text.pop_back();
  c.text.erase(c.text.begin(), std::ranges::find_if_not(c.text, blank));
  if (!key.empty()) (in_object ? c.file.objects.back().fields : c.file.fields)[key] = {c.text, c.line()};
  c.text.clear();
  c.open.pop_back();
}

VocFile parse(const std::string& path) {
  const auto mapped = MappedFile::open(path);
  require(mapped->bytes().size() < (std::size_t{1} << 24), "{} is too large for the boxes of one picture", path);
  const std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser(XML_ParserCreate(nullptr), XML_ParserFree);
  VocFile file{path, {}, {}};
  Collector collector{file, parser.get()};
  XML_SetUserData(parser.get(), &collector);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  const std::string_view text = mapped->text();
  if (XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), 1) != XML_STATUS_OK)
    fail("{}:{}: this is not valid XML: {}", path, XML_GetCurrentLineNumber(parser.get()),
         XML_ErrorString(XML_GetErrorCode(parser.get())));
  return file;
}

const Field& field(const VocFile& file, const VocObject& object, const std::string& name) {
  const auto found = object.fields.find(name);
  require(found != object.fields.end() && !found->second.text.empty(), "{}:{}: this object has no <{}>", file.path,
          object.line, name);
  return found->second;
}

double number(const VocFile& file, const Field& field, const std::string& name) {
  double value = 0;
  const char* end = field.text.data() + field.text.size();
  const auto parsed = std::from_chars(field.text.data(), end, value);
  require(parsed.ec == std::errc() && parsed.ptr == end && std::isfinite(value),
          "{}:{}: <{}> must be a number, not '{}'", file.path, field.line, name, field.text);
  return value;
}

// Width and height as the file says, or of the picture where it does not.
std::pair<double, double> size_of(const VocFile& file, const std::string& picture) {
  double side[2] = {0, 0};
  for (int i : {0, 1}) {
    const std::string name = i == 0 ? "size/width" : "size/height";
    if (const auto found = file.fields.find(name); found != file.fields.end())
      side[i] = number(file, found->second, name);
  }
  if (side[0] > 0 && side[1] > 0) return {side[0], side[1]};
  const ImageSize size = read_image_size(picture);
  return {size.width, size.height};
}

// Coordinates as they stand there. Some programs count pixels from 1: a pixel beyond the border is cut.
Box box_of(const VocFile& file, const VocObject& object, double width, double height) {
  double at[4];
  std::size_t i = 0;
  for (const char* side : {"xmin", "ymin", "xmax", "ymax"}) {
    const std::string name = std::string("bndbox/") + side;
    at[i++] = number(file, field(file, object, name), name);
  }
  require(at[0] >= -1 && at[1] >= -1 && at[2] <= width + 1 && at[3] <= height + 1,
          "{}:{}: the box from ({}, {}) to ({}, {}) is not inside the picture of {} x {}", file.path, object.line,
          at[0], at[1], at[2], at[3], width, height);
  require(at[0] <= at[2] && at[1] <= at[3], "{}:{}: the box from ({}, {}) to ({}, {}) ends before it begins", file.path,
          object.line, at[0], at[1], at[2], at[3]);
  for (std::size_t k : {0, 1, 2, 3}) at[k] = std::clamp(at[k], 0.0, k % 2 == 0 ? width : height);
  return {at[0], at[1], at[2] - at[0], at[3] - at[1]};
}

std::vector<std::string> class_names(const fs::path& folder, Faults* faults) {
  std::vector<std::string> names;
  if (fs::is_regular_file(folder / "labels.txt")) {
    names = read_lines((folder / "labels.txt").string());
    std::erase(names, "");
    return names;
  }
  std::set<std::string> found;
  Faults told_later;  // with the pictures, of which the split may have other ones
  for (const auto& entry : fs::directory_iterator(folder / "Annotations")) {
    if (entry.path().extension() != ".xml") continue;
    take_or_tell(faults ? &told_later : nullptr, [&] {
      for (const VocObject& object : parse(entry.path().string()).objects)
        if (const auto name = object.fields.find("name"); name != object.fields.end() && !name->second.text.empty())
          found.insert(name->second.text);
    });
  }
  return {found.begin(), found.end()};
}

std::string picture_of(const fs::path& folder, const VocFile& file, const std::string& name) {
  for (const char* extension : {".jpg", ".jpeg", ".png", ".JPG"})
    if (const fs::path path = folder / "JPEGImages" / (name + extension); fs::is_regular_file(path))
      return path.string();
  if (const auto found = file.fields.find("filename"); found != file.fields.end())
    return (folder / "JPEGImages" / fs::path(found->second.text).filename()).string();
  fail("{}: there is no picture JPEGImages/{}.jpg", folder.string(), name);
}

using Numbers = std::map<std::string, std::int64_t>;

CocoObject object_of(const VocFile& file, const VocObject& object, std::int64_t image, double width, double height,
                     const Numbers& id_of) {
  const Field& label = field(file, object, "name");
  const auto category = id_of.find(label.text);
  require(category != id_of.end(), "{}:{}: the class '{}' is not in labels.txt", file.path, label.line, label.text);
  const Box box = box_of(file, object, width, height);
  const auto difficult = object.fields.find("difficult");
  return {image, category->second, box, box[2] * box[3],
          difficult != object.fields.end() && difficult->second.text == "1"};
}

void add_picture(const fs::path& root, const std::string& name, std::int64_t image, const Numbers& id_of,
                 DetectionFolder& out, Faults* faults) {
  const VocFile file = parse((root / "Annotations" / (name + ".xml")).string());
  const std::string picture = picture_of(root, file, name);
  if (!file.objects.empty()) {
    const auto [width, height] = size_of(file, picture);
    for (const VocObject& object : file.objects)
      take_or_tell(faults, [&, width = width, height = height] {
        out.truth.objects.push_back(object_of(file, object, image, width, height, id_of));
      });
  }
  out.truth.images.push_back({image, fs::path(picture).filename().string()});
  out.files.push_back(picture);
}

}  // namespace

DetectionFolder read_voc_folder(const std::string& folder, const std::string& split, Faults* faults) {
  const fs::path root(folder), list = root / "ImageSets" / "Main" / (split + ".txt");
  require(fs::is_regular_file(list), "{}: there is no ImageSets/Main/{}.txt (the pictures of this split)", folder,
          split);
  require(fs::is_directory(root / "Annotations"), "{}: there is no folder Annotations", folder);
  DetectionFolder out;
  Numbers id_of;
  for (const std::string& name : class_names(root, faults)) {
    const auto id = static_cast<std::int64_t>(out.truth.categories.size());
    if (id_of.emplace(name, id).second) out.truth.categories.push_back({id, name});
  }
  std::int64_t image = 0;
  for (const std::string& line : read_lines(list.string())) {
    const std::string name = line.substr(0, line.find_first_of(" \t"));
    if (name.empty()) continue;
    ++image;
    take_or_tell(faults, [&] { add_picture(root, name, image, id_of, out, faults); });
  }
  return out;
}

}  // namespace frugal
