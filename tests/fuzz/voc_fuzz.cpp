#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "formats/detection/folders.h"
#include "fuzz.h"

namespace frugal::fuzz {

// One annotation of a folder.
void parse(std::span<const std::byte> input) {
  namespace fs = std::filesystem;
  static const fs::path root = [] {
    fs::path folder = fs::temp_directory_path() / ("frugal_voc_fuzz_" + std::to_string(::getpid()));
    for (const char* part : {"Annotations", "JPEGImages", "ImageSets/Main"}) fs::create_directories(folder / part);
    std::ofstream(folder / "ImageSets/Main/train.txt") << "a\n";
    std::ofstream(folder / "JPEGImages/a.jpg") << "P6 9 9 255\n" << std::string(243, 'x');
    return folder;
  }();
  std::ofstream(root / "Annotations/a.xml", std::ios::binary)
      .write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
  Faults faults;
  read_voc_folder(root.string(), "train", &faults);
  read_voc_folder(root.string(), "train");
}

std::vector<std::string> seeds() {
  return {
      "<annotation><size><width>9</width><height>9</height></size><object><name>dog</name><difficult>1</difficult>"
      "<bndbox><xmin>1</xmin><ymin>2.5</ymin><xmax>8</xmax><ymax>9</ymax></bndbox></object></annotation>",
      "<annotation><object><name>a</name><bndbox><xmin>0</xmin><ymin>0</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
      "<part><name>b</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part></object>"
      "</annotation>"};
}

std::string repair(std::string input) { return input; }

}  // namespace frugal::fuzz
