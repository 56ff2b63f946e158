#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "formats/detection/folders.h"
#include "fuzz.h"

namespace frugal::fuzz {

// A list of boxes, or, where the input says so, the file of the data set.
void parse(std::span<const std::byte> input) {
  namespace fs = std::filesystem;
  static const fs::path root = [] {
    fs::path folder = fs::temp_directory_path() / ("frugal_yolo_fuzz_" + std::to_string(::getpid()));
    for (const char* part : {"images", "labels"}) fs::create_directories(folder / part);
    std::ofstream(folder / "images/a.jpg") << "P6 9 9 255\n" << std::string(243, 'x');
    std::ofstream(folder / "data.yaml") << "train: images\nnames: [a, b]\n";
    return folder;
  }();
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  const bool labels = !text.starts_with("train");
  std::ofstream(root / (labels ? "labels/a.txt" : "other.yaml"), std::ios::binary) << text;
  const std::string file = (root / (labels ? "data.yaml" : "other.yaml")).string();
  Faults faults;
  read_yolo_folder(file, "train", &faults);
  read_yolo_folder(file, "train");
}

std::vector<std::string> seeds() {
  return {"0 0.5 0.5 0.2 0.3\n1 .1 .1 1e-3 1e-2\n", "1 0.1 0.1 0.2 0.9 0.9 0.9\n",
          "train: [images]\npath: .\nnc: 2\nnames: {0: a, 1: b}\n"};
}

std::string repair(std::string input) { return input; }

}  // namespace frugal::fuzz
