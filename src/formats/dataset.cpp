#include "formats/dataset.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>

#include "base/check.h"
#include "formats/file.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

const std::map<std::string, Names>& known_sets() {
  static const std::map<std::string, Names> sets{
      {"fashion-mnist",
       {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}},
      {"mnist", {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}},
      {"cifar10", {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}},
  };
  return sets;
}

// One class name a line; empty lines at the end are ignored.
Names read_names(const fs::path& path) {
  auto mapping = MappedFile::open(path);
  auto bytes = mapping->bytes();
  require(bytes.size() <= 1'000'000, "{} is too long for a list of class names", path.string());
  std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  Names names;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string line{text.substr(0, end)};
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (!line.empty()) names.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

// Names for labels 0..: from a file of the folder, from the table of known sets, or the numbers.
Names names_for(const fs::path& folder, const char* file, const std::string& known, int count) {
  Names names;
  if (fs::exists(folder / file)) {
    names = read_names(folder / file);
  } else if (auto it = known_sets().find(known); it != known_sets().end()) {
    names = it->second;
  } else {
    for (int i = 0; i < count; ++i) names.push_back(std::to_string(i));
  }
  require(names.size() >= static_cast<std::size_t>(count), "{} has label {}, but only {} class names are known",
          folder.string(), count - 1, names.size());
  return names;
}

// Pictures of one size, all in memory.
class MemoryDataset : public ImageDataset {
 public:
  MemoryDataset(Tensor pixels, std::vector<int> labels, Names names) {
    pixels_ = std::move(pixels);
    labels_ = std::move(labels);
    class_names_ = std::move(names);
  }
  Image get(std::size_t i) const override {
    require(i < size(), "picture {} was asked of a data set of {}", i, size());
    auto channels = static_cast<std::size_t>(pixels_.dim(1));
    Image image(static_cast<int>(pixels_.dim(3)), static_cast<int>(pixels_.dim(2)), static_cast<int>(channels));
    std::size_t plane = image.pixels.size() / channels;
    const std::uint8_t* from = pixels_.data<std::uint8_t>() + i * image.pixels.size();
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t p = 0; p < plane; ++p) image.pixels[p * channels + c] = from[c * plane + p];
    return image;
  }
};

class FolderDataset : public ImageDataset {
 public:
  FolderDataset(const fs::path& folder, Names names) {
    class_names_ = std::move(names);
    for (const fs::path& item : sorted_folders(folder)) {
      auto it = std::find(class_names_.begin(), class_names_.end(), item.filename().string());
      require(it != class_names_.end(), "{} is a class that the training pictures do not have", item.string());
      std::vector<std::string> pictures;
      for (const auto& file : fs::directory_iterator(item))
        if (is_picture(file.path())) pictures.push_back(file.path());
      std::sort(pictures.begin(), pictures.end());
      files_.insert(files_.end(), pictures.begin(), pictures.end());
      labels_.resize(files_.size(), static_cast<int>(it - class_names_.begin()));
    }
    require(!files_.empty(), "{} holds no pictures (class/picture.jpg, .jpeg, .png, .ppm or .pgm)", folder.string());
  }
  Image get(std::size_t i) const override {
    require(i < size(), "picture {} was asked of a data set of {}", i, size());
    return read_image(files_[i]);
  }
  std::string name(std::size_t i) const override { return files_.at(i); }

  static std::vector<fs::path> sorted_folders(const fs::path& folder) {
    std::vector<fs::path> folders;
    for (const auto& item : fs::directory_iterator(folder))
      if (item.is_directory() && !item.path().filename().string().starts_with('.')) folders.push_back(item.path());
    std::sort(folders.begin(), folders.end());
    return folders;
  }
  static bool is_picture(const fs::path& path) {
    std::string extension = path.extension();
    for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    static constexpr std::array<std::string_view, 5> kKnown{".jpg", ".jpeg", ".png", ".ppm", ".pgm"};
    return std::find(kKnown.begin(), kKnown.end(), extension) != kKnown.end() &&
           !path.filename().string().starts_with('.');
  }

 private:
  std::vector<std::string> files_;
};

fs::path plain_or_gz(const fs::path& path) { return fs::exists(path) ? path : fs::path(path.string() + ".gz"); }

Tensor read_idx_file(const fs::path& path) {
  auto mapping = MappedFile::open(path);
  return naming_file(path, [&] { return read_idx(mapping->bytes()); });
}

std::unique_ptr<ImageDataset> open_idx(const fs::path& folder, const std::string& known, bool train) {
  const std::string prefix = train ? "train" : "t10k";
  fs::path images_path = plain_or_gz(folder / (prefix + "-images-idx3-ubyte"));
  fs::path labels_path = plain_or_gz(folder / (prefix + "-labels-idx1-ubyte"));
  Tensor images = read_idx_file(images_path), labels = read_idx_file(labels_path);
  require(images.rank() == 3 && images.numel() > 0, "{} is {}, not count x height x width", images_path.string(),
          to_string(images.shape()));
  require(labels.rank() == 1 && labels.dim(0) == images.dim(0), "{} has {} labels for the {} pictures of {}",
          labels_path.string(), labels.numel(), images.dim(0), images_path.string());
  const auto* values = labels.data<std::uint8_t>();
  std::vector<int> numbers(values, values + labels.numel());
  int classes = 1 + *std::max_element(numbers.begin(), numbers.end());
  return std::make_unique<MemoryDataset>(images.reshape({images.dim(0), 1, images.dim(1), images.dim(2)}),
                                         std::move(numbers), names_for(folder, "classes.txt", known, classes));
}

std::unique_ptr<ImageDataset> open_cifar(const fs::path& folder, const std::vector<fs::path>& files) {
  bool hundred = fs::exists(folder / "fine_label_names.txt");
  Names names = names_for(folder, hundred ? "fine_label_names.txt" : "batches.meta.txt", "cifar10", 10);
  std::vector<CifarRecords> parts;
  std::int64_t count = 0;
  for (const fs::path& file : files) {
    auto mapping = MappedFile::open(file);
    parts.push_back(naming_file(
        file, [&] { return read_cifar(mapping->bytes(), hundred ? 2 : 1, static_cast<int>(names.size())); }));
    count += parts.back().pixels.dim(0);
  }
  Tensor pixels(DType::u8, {count, 3, 32, 32});
  std::vector<int> labels;
  auto* to = pixels.data<std::uint8_t>();
  for (const CifarRecords& part : parts) {
    std::memcpy(to, part.pixels.raw(), part.pixels.bytes());
    to += part.pixels.bytes();
    labels.insert(labels.end(), part.labels.begin(), part.labels.end());
  }
  return std::make_unique<MemoryDataset>(std::move(pixels), std::move(labels), std::move(names));
}

// The .bin files of the split, in order: the official names, or train*.bin / test*.bin.
std::vector<fs::path> cifar_files(const fs::path& folder, bool train) {
  if (fs::exists(folder / "data_batch_1.bin") || fs::exists(folder / "test_batch.bin")) {
    if (!train) return {folder / "test_batch.bin"};
    std::vector<fs::path> files;
    for (int i = 1; i <= 5; ++i) files.push_back(folder / fmt::format("data_batch_{}.bin", i));
    return files;
  }
  std::vector<fs::path> files;
  for (const auto& item : fs::directory_iterator(folder))
    if (item.path().extension() == ".bin" && item.path().filename().string().starts_with(train ? "train" : "test"))
      files.push_back(item.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::unique_ptr<ImageDataset> open_folders(const fs::path& folder, const std::string& split) {
  const char* other = split == "val" ? "test" : split == "test" ? "val" : "train";
  fs::path root = fs::is_directory(folder / split) ? folder / split : folder / other;
  if (!fs::is_directory(root)) {
    bool splits =
        fs::is_directory(folder / "train") || fs::is_directory(folder / "val") || fs::is_directory(folder / "test");
    require(!splits && split != "train", "{} has no folder {}/ with a folder for each class", folder.string(), split);
    root = folder;
  }
  // Classes are numbered by the training pictures, so that a class missing elsewhere shifts nothing.
  fs::path numbering = fs::is_directory(folder / "train") ? folder / "train" : root;
  Names names;
  for (const fs::path& item : FolderDataset::sorted_folders(numbering)) names.push_back(item.filename());
  require(!names.empty(),
          "{} holds no data set: neither IDX (train-images-idx3-ubyte), nor CIFAR (.bin), nor a folder "
          "for each class",
          folder.string());
  return std::make_unique<FolderDataset>(root, std::move(names));
}

}  // namespace

std::unique_ptr<ImageDataset> open_dataset(const std::string& name_or_path, const std::string& split) {
  require(split == "train" || split == "val" || split == "test", "unknown split '{}' (train, val or test)", split);
  bool train = split == "train", known = known_sets().contains(name_or_path);
  fs::path folder = name_or_path;
  if (known) {
    const char* root = std::getenv("FRUGAL_DATA");
    folder = fs::path(root && *root ? root : "data") / name_or_path;
    require(fs::is_directory(folder), "the data set {} is not in {}; run: tools/get-data {}", name_or_path,
            folder.string(), name_or_path);
  } else if (!fs::is_directory(folder)) {
    std::string names;
    for (const auto& [name, classes] : known_sets()) names += (names.empty() ? "" : ", ") + name;
    fail("'{}' is neither a folder nor a known data set ({})", name_or_path, names);
  }
  try {
    const std::string prefix = train ? "train" : "t10k";
    if (fs::exists(plain_or_gz(folder / (prefix + "-images-idx3-ubyte"))))
      return open_idx(folder, (folder / "").parent_path().filename().string(), train);
    if (auto files = cifar_files(folder, train); !files.empty()) return open_cifar(folder, files);
    return open_folders(folder, split);
  } catch (const fs::filesystem_error& e) {
    fail("cannot read {}: {}", folder.string(), e.code().message());
  }
}

}  // namespace frugal
