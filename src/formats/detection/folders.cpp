#include "formats/detection/folders.h"

#include <algorithm>
#include <filesystem>

#include "base/check.h"
#include "formats/file.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

std::string annotation_file(const std::string& folder, const std::string& split) {
  for (const std::string& name : {split + ".json", "instances_" + split + ".json", "instances_" + split + "2017.json"})
    if (const fs::path file = fs::path(folder) / "annotations" / name; fs::is_regular_file(file)) return file.string();
  fail("{}: there is no annotations/{}.json (boxes in the form of COCO)", folder, split);
}

// Where the pictures of a split lie: beside each other, or apart as COCO's own archives unpack.
fs::path picture_folder(const fs::path& root, const std::string& split, const std::string& first) {
  for (const fs::path& folder : {root / "images", root / "images" / split, root / "images" / (split + "2017"),
                                 root / split, root / (split + "2017")})
    if (fs::is_regular_file(folder / first)) return folder;
  return root / "images";
}

// data.yaml, or the only file of its kind.
std::string yolo_file(const fs::path& folder) {
  for (const char* name : {"data.yaml", "data.yml"})
    if (fs::is_regular_file(folder / name)) return (folder / name).string();
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".yaml" || entry.path().extension() == ".yml")
      found.push_back(entry.path().string());
  return found.size() == 1 ? found[0] : "";
}

}  // namespace

std::vector<std::string> read_lines(const std::string& path) {
  const auto file = MappedFile::open(path);
  std::string_view text = file->text();
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string line{text.substr(0, end)};
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    lines.push_back(std::move(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

DetectionFolder read_coco_folder(const std::string& folder, const std::string& split, Faults* faults) {
  DetectionFolder out{read_coco_truth(annotation_file(folder, split), faults), {}};
  std::ranges::sort(out.truth.categories, {}, &CocoCategory::id);
  fs::path pictures;
  for (const CocoImage& image : out.truth.images) {
    require(!image.file_name.empty(), "{}: picture {} of the split '{}' has no file_name", folder, image.id, split);
    if (pictures.empty()) pictures = picture_folder(folder, split, image.file_name);
    out.files.push_back((pictures / image.file_name).string());
  }
  return out;
}

DetectionFolder read_detection_folder(const std::string& folder, const std::string& split, Faults* faults) {
  const fs::path path(folder);
  DetectionFolder out;
  if (fs::is_regular_file(path) && (path.extension() == ".yaml" || path.extension() == ".yml")) {
    out = read_yolo_folder(folder, split, faults);
  } else {
    require(fs::is_directory(path), "{}: there is no such folder of pictures with boxes", folder);
    if (fs::is_directory(path / "ImageSets" / "Main"))
      out = read_voc_folder(folder, split, faults);
    else if (fs::is_directory(path / "annotations"))
      out = read_coco_folder(folder, split, faults);
    else if (const std::string file = yolo_file(path); !file.empty())
      out = read_yolo_folder(file, split, faults);
    else
      fail(
          "{}: no pictures with boxes: a folder has annotations/{}.json (COCO), data.yaml (YOLO), or "
          "ImageSets/Main/{}.txt "
          "(Pascal VOC)",
          folder, split, split);
  }
  if (out.truth.images.empty() && faults && !faults->empty()) fail("{}", faults->front());
  require(!out.truth.images.empty(), "{}: the split '{}' has no pictures", folder, split);
  require(!out.truth.categories.empty(), "{}: the split '{}' has no categories", folder, split);
  return out;
}

}  // namespace frugal
