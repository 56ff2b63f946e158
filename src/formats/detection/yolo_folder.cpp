// The form of YOLOv5 to v8: data.yaml, and a text file of boxes beside every picture.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "base/check.h"
#include "formats/detection/folders.h"
#include "frugal/image.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

constexpr double kBeyond = 0.01;  // labels are rounded: so far beyond the border a box is cut, farther it is refused

struct DataFile {
  std::string path;
  YAML::Node root;

  [[noreturn]] void refuse(const YAML::Node& at, const std::string& sentence) const {
    fail("{}:{}: {}", path, at.Mark().line + 1, sentence);
  }
  std::string text(const YAML::Node& node, const char* key) const {
    if (!node.IsScalar()) refuse(node, fmt::format("'{}' must be a text", key));
    return node.Scalar();
  }
};

DataFile load(const std::string& path) {
  DataFile file{path, {}};
  try {
    file.root = YAML::LoadFile(path);
  } catch (const YAML::ParserException& e) {
    fail("{}:{}: this is not YAML: {}", path, e.mark.line + 1, e.msg);
  } catch (const YAML::Exception&) {
    fail("cannot read {}", path);
  }
  require(file.root.IsMap(), "{}: a data set of YOLO's form is a list of 'key: value' lines", path);
  return file;
}

// A list, or numbers from 0 on with a name each.
std::vector<std::string> class_names(const DataFile& file) {
  const YAML::Node names = file.root["names"];
  require(names.IsDefined(), "{}: there is no key 'names' with the names of the classes", file.path);
  std::vector<std::string> out;
  if (names.IsSequence()) {
    for (const YAML::Node& name : names) out.push_back(file.text(name, "names"));
  } else if (names.IsMap()) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const YAML::Node name = names[i];
      if (!name.IsDefined())
        file.refuse(names, fmt::format("'names' has no class {}, though {} classes", i, names.size()));
      out.push_back(file.text(name, "names"));
    }
  } else {
    file.refuse(names, "'names' must be a list of the names of the classes");
  }
  if (const YAML::Node count = file.root["nc"]; count.IsDefined()) {
    std::size_t wanted = 0;
    if (!count.IsScalar() || !YAML::convert<std::size_t>::decode(count, wanted) || wanted != out.size())
      file.refuse(count, fmt::format("'nc' must be the number of the names, {}", out.size()));
  }
  return out;
}

bool is_picture(const fs::path& path) {
  std::string end = path.extension().string();
  std::ranges::transform(end, end.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return end == ".jpg" || end == ".jpeg" || end == ".png" || end == ".ppm" || end == ".pgm";
}

// Of one entry: a folder, or a text file with a picture a line.
void add_pictures(const DataFile& file, const fs::path& root, const YAML::Node& entry, std::vector<std::string>& out) {
  const std::string text = file.text(entry, "path of pictures");
  const fs::path path = root / text;
  if (fs::is_directory(path)) {
    for (const auto& found : fs::recursive_directory_iterator(path))
      if (found.is_regular_file() && is_picture(found.path())) out.push_back(found.path().string());
  } else if (fs::is_regular_file(path) && path.extension() == ".txt") {
    for (const std::string& line : read_lines(path.string()))
      if (!line.empty()) out.push_back((path.parent_path() / line).lexically_normal().string());
  } else {
    file.refuse(entry, fmt::format("'{}' is no folder of pictures and no list of them below {}", text, root.string()));
  }
}

std::vector<std::string> pictures_of(const DataFile& file, const std::string& split) {
  const YAML::Node node = file.root[split];
  require(node.IsDefined() && !node.IsNull(), "{}: there is no split '{}': no key of that name", file.path, split);
  fs::path root = fs::path(file.path).parent_path();
  if (const YAML::Node path = file.root["path"]; path.IsDefined() && !path.IsNull()) root /= file.text(path, "path");
  std::vector<std::string> out;
  if (node.IsSequence())
    for (const YAML::Node& entry : node) add_pictures(file, root, entry, out);
  else
    add_pictures(file, root, node, out);
  std::ranges::sort(out);
  return out;
}

// The last folder called images becomes labels, and the name ends in .txt.
fs::path labels_of(const std::string& picture) {
  const fs::path path(picture);
  std::vector<fs::path> parts(path.begin(), path.end());
  if (const auto last = std::find(parts.rbegin(), parts.rend(), fs::path("images")); last != parts.rend())
    *last = "labels";
  fs::path out;
  for (const fs::path& part : parts) out /= part;
  return out.replace_extension(".txt");
}

std::vector<double> numbers_of(const std::string& line, const std::string& place) {
  std::vector<double> out;
  const char *at = line.data(), *end = at + line.size();
  while (true) {
    while (at < end && std::isspace(static_cast<unsigned char>(*at))) ++at;
    if (at == end) return out;
    double value = 0;
    const auto parsed = std::from_chars(at, end, value);
    require(parsed.ec == std::errc() && std::isfinite(value) &&
                (parsed.ptr == end || std::isspace(static_cast<unsigned char>(*parsed.ptr))),
            "{}: '{}' is not a list of numbers: class, centre x, y, width, height", place, line);
    out.push_back(value);
    at = parsed.ptr;
  }
}

// Left, top, right, bottom in shares of the picture.
std::array<double, 4> sides_of(const std::vector<double>& row, const std::string& place) {
  require(
      row.size() == 5 || (row.size() >= 7 && row.size() % 2 == 1),
      "{}: a line has 5 numbers, class, centre x, y, width, height, or a class and 3 points at least, not {} numbers",
      place, row.size());
  std::array<double, 4> s{row[1] - row[3] / 2, row[2] - row[4] / 2, row[1] + row[3] / 2, row[2] + row[4] / 2};
  if (row.size() == 5) {
    require(row[3] >= 0 && row[4] >= 0, "{}: the box has a negative width or height", place);
  } else {
    s = {row[1], row[2], row[1], row[2]};
    for (std::size_t i = 1; i + 1 < row.size(); i += 2) {
      s[0] = std::min(s[0], row[i]), s[1] = std::min(s[1], row[i + 1]);
      s[2] = std::max(s[2], row[i]), s[3] = std::max(s[3], row[i + 1]);
    }
  }
  require(s[0] >= -kBeyond && s[1] >= -kBeyond && s[2] <= 1 + kBeyond && s[3] <= 1 + kBeyond,
          "{}: the box from ({:.4f}, {:.4f}) to ({:.4f}, {:.4f}) is not inside the picture, which goes from 0 to 1",
          place, s[0], s[1], s[2], s[3]);
  for (double& v : s) v = std::clamp(v, 0.0, 1.0);
  return s;
}

void add_object(const std::vector<double>& row, const std::string& place, std::int64_t image, const ImageSize& size,
                CocoTruth& truth) {
  const auto classes = static_cast<double>(truth.categories.size());
  require(row[0] >= 0 && row[0] < classes && row[0] == std::floor(row[0]),
          "{}: there is no class {}: the data set has {}, from 0 on", place, row[0], classes);
  const auto [left, top, right, bottom] = sides_of(row, place);
  const Box box{left * size.width, top * size.height, (right - left) * size.width, (bottom - top) * size.height};
  truth.objects.push_back({image, static_cast<std::int64_t>(row[0]), box, box[2] * box[3], false});
}

void add_objects(const fs::path& labels, std::int64_t image, const std::string& picture, CocoTruth& truth,
                 Faults* faults) {
  if (!fs::is_regular_file(labels)) return;  // nothing on it
  ImageSize size;
  std::size_t number = 0;
  for (const std::string& line : read_lines(labels.string())) {
    const std::string place = fmt::format("{}:{}", labels.string(), ++number);
    std::vector<double> row;
    take_or_tell(faults, [&] { row = numbers_of(line, place); });
    if (row.empty()) continue;
    if (size.width == 0) size = read_image_size(picture);
    take_or_tell(faults, [&] { add_object(row, place, image, size, truth); });
  }
}

}  // namespace

DetectionFolder read_yolo_folder(const std::string& data_file, const std::string& split, Faults* faults) {
  const DataFile file = load(data_file);
  DetectionFolder out;
  std::vector<std::string> files;
  try {
    for (const std::string& name : class_names(file))
      out.truth.categories.push_back({static_cast<std::int64_t>(out.truth.categories.size()), name});
    files = pictures_of(file, split);
  } catch (const YAML::Exception& e) {  // of keys that are lists, and the like
    fail("{}:{}: {}", data_file, e.mark.line + 1, e.msg);
  }
  for (std::size_t i = 0; i < files.size(); ++i)
    take_or_tell(faults, [&] {
      const auto image = static_cast<std::int64_t>(i) + 1;
      add_objects(labels_of(files[i]), image, files[i], out.truth, faults);
      out.truth.images.push_back({image, fs::path(files[i]).filename().string()});
      out.files.push_back(files[i]);
    });
  return out;
}

}  // namespace frugal
