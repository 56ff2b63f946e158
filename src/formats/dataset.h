// Labelled pictures on disk behind one interface.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "frugal/image.h"
#include "frugal/tensor.h"

namespace frugal {

// get() may be called from several threads at once.
class ImageDataset {
 public:
  virtual ~ImageDataset() = default;
  virtual Image get(std::size_t i) const = 0;  // Error naming the file if the picture is damaged
  virtual std::string name(std::size_t i) const {
    return "picture " + std::to_string(i);
  }  // its file, where it has one

  std::size_t size() const { return labels_.size(); }
  int label(std::size_t i) const { return labels_.at(i); }
  const std::vector<int>& labels() const { return labels_; }
  const std::vector<std::string>& class_names() const { return class_names_; }

  // uint8 [size, channels, height, width] where all pictures have one size and are held in memory
  // (IDX, CIFAR); otherwise undefined, and get() decodes one picture at a time.
  const Tensor& pixels() const { return pixels_; }

 protected:
  std::vector<int> labels_;
  std::vector<std::string> class_names_;
  Tensor pixels_;
};

// `name_or_path` is a known name (fashion-mnist, mnist, cifar10: looked for in $FRUGAL_DATA/NAME, or
// data/NAME) or a folder, whose layout is told by what it holds:
//   MNIST style   train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-... (plain or .gz)
//   CIFAR-10      data_batch_1.bin .. data_batch_5.bin, test_batch.bin; or train*.bin, test*.bin
//   CIFAR-100     train.bin, test.bin beside fine_label_names.txt (fine labels)
//   folders       [train|val|test/]class/picture; classes are numbered by sorted name
// `split` is "train", "val" or "test". val and test stand for each other where only one is there. A
// folder of classes without split folders can be read as val or test only, so that nobody trains and
// measures on the same pictures unawares.
// Class names come from classes.txt or batches.meta.txt (one a line) where present.
// Error: unknown name, missing data (with the command that fetches it), damaged files.
std::unique_ptr<ImageDataset> open_dataset(const std::string& name_or_path, const std::string& split);

// The parsers below it.
inline constexpr std::size_t kMaxDatasetBytes = std::size_t{4} << 30;

// IDX (http://yann.lecun.com/exdb/mnist): unsigned bytes, 1 to 4 dims; plain or gzip.
Tensor read_idx(std::span<const std::byte> bytes, std::size_t max_bytes = kMaxDatasetBytes);

struct CifarRecords {
  Tensor pixels;  // uint8 [N, 3, 32, 32]
  std::vector<int> labels;
};
// Records of `label_bytes` (1, or 2 for CIFAR-100: coarse, fine; the last is used) and 3072 bytes.
CifarRecords read_cifar(std::span<const std::byte> bytes, int label_bytes, int classes);

}  // namespace frugal
